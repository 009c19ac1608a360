import { Ban, MessageCircle } from 'lucide-react'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { brief, instant } from '@/lib/dates'
import { useLanguage, useT } from '@/lib/i18n'
import styles from './ChatInfo.module.css'
import { useBlock, usePersonCard } from './server'

/// Who somebody is, and a way to write to them.
export function PersonCard({ id, me, onWrite, onClose }: { id: number; me: number; onWrite: () => void; onClose: () => void }) {
  const t = useT()
  const language = useLanguage()
  const { data: person, isError } = usePersonCard(id)
  const { blocked, change } = useBlock(id)
  const presence = person?.presence
  const status = !presence ? '' : presence.status === 'online' ? t('presence.online')
    : presence.last_seen_at ? t('presence.seen', { time: brief(instant(presence.last_seen_at)) }) : presence.status === 'away' ? t('presence.away') : ''
  const here = person?.time_zone ? timeIn(person.time_zone, language) : null
  return (
    <Dialog title={t('people.title')} onClose={onClose}>
      <div className={styles.body}>
        {!person && <p role="status">{isError ? t('problem.not_found') : <Spinner />}</p>}
        {person && (
          <>
            <div className={styles.head}>
              <Avatar id={person.id} name={person.display_name} url={person.avatar_url} size="large" />
              <h3 dir="auto">{person.display_name}</h3>
              <p>{[person.username && `@${person.username}`, status].filter(Boolean).join(' · ')}</p>
              {(person.deleted || person.deactivated) && <p>{t('people.gone')}</p>}
            </div>
            {person.about && <p className={styles.about} dir="auto">{person.about}</p>}
            {here && <p className={styles.about}>{t('people.local_time', { time: here })}</p>}
            {person.id !== me && !person.deleted && (
              <div className={styles.actions}>
                <Button look="main" data-first onClick={onWrite}><MessageCircle size={18} />{t('people.write')}</Button>
                <Button look={blocked ? 'plain' : 'danger'} busy={change.isPending} onClick={() => change.mutate(!blocked)}><Ban size={18} />{blocked ? t('people.unblock') : t('people.block')}</Button>
              </div>
            )}
          </>
        )}
      </div>
    </Dialog>
  )
}

function timeIn(timeZone: string, language: string): string | null {
  try {
    return new Intl.DateTimeFormat(language, { timeZone, hour: '2-digit', minute: '2-digit' }).format(new Date())
  } catch {
    return null
  }
}
