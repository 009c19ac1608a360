import { Ban, Clock3, Flag, MessageCircle } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'
import { useOpenDirect, useReport } from '@/api/actions'
import { useMe, usePerson } from '@/api/queries'
import type { Person } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { BotTag } from '@/components/BotTag'
import { Button, Spinner } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Dialog } from '@/components/Dialog'
import { ReportDialog } from '@/components/ReportDialog'
import { personName } from '@/lib/author'
import { clock } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { useIsBlocked, useSetBlocked } from './api'
import styles from './PersonCard.module.css'
import { PresenceLine } from './PresenceLine'

interface Props {
  id: number
  onClose: () => void
  onOpen: (chat: number) => void
}

/// A person: who they are, whether they are online, and writing to them.
export function PersonCard({ id, onClose, onOpen }: Props) {
  const t = useT()
  const person = usePerson(id)
  return (
    <Dialog title={t('person.title')} onClose={onClose}>
      {person ? <Card person={person} onClose={onClose} onOpen={onOpen} /> : <div className={styles.body}><Spinner /></div>}
    </Dialog>
  )
}

function Card({ person, onClose, onOpen }: { person: Person } & Omit<Props, 'id'>) {
  const t = useT()
  const me = useMe()
  const own = me?.id === person.id
  const [asking, setAsking] = useState(false)
  const write = useOpenDirect()
  const blocked = useIsBlocked(person.id)
  const block = useSetBlocked(person)
  const [reporting, setReporting] = useState(false)
  const report = useReport(`/users/${person.id}`)
  const gone = person.deleted || person.deactivated
  return (
    <div className={styles.body}>
      <Avatar id={person.id} name={person.display_name} url={person.avatar_url} size="large" />
      <h3 dir="auto">{personName(t, person)}{person.is_bot && <BotTag />}</h3>
      {person.username && <p className={styles.name}>@{person.username}</p>}
      {person.deleted ? <p>{t('person.deleted')}</p> : person.deactivated ? <p>{t('person.deactivated')}</p> : person.is_bot ? <p>{t('bots.program')}</p> : !own && <PresenceLine id={person.id} />}
      {person.about && <p className={styles.about} dir="auto">{person.about}</p>}
      {person.time_zone && <LocalTime zone={person.time_zone} />}
      {!own && !person.deleted && (
        <div className={styles.actions}>
          {!gone && (
            <Button look="main" busy={write.isPending} onClick={() => write.mutate(person.id, { onSuccess: (chat) => { onClose(); onOpen(chat.id) } })}>
              <MessageCircle size={18} />{t('person.write')}
            </Button>
          )}
          {blocked
            ? <Button busy={block.isPending} onClick={() => block.mutate(false)}>{t('privacy.unblock')}</Button>
            : <Button look="danger" onClick={() => setAsking(true)}><Ban size={18} />{t('person.block')}</Button>}
          <Button onClick={() => setReporting(true)}><Flag size={18} />{t('report.open')}</Button>
        </div>
      )}
      {reporting && (
        <ReportDialog
          title={t('report.person', { name: person.display_name })}
          busy={report.isPending}
          onClose={() => setReporting(false)}
          onSend={(form) => report.mutate(form, { onSuccess: () => { setReporting(false); toast(t('report.sent')) } })}
        />
      )}
      {asking && (
        <Confirm
          title={t('person.block.sure', { name: person.display_name })}
          action={t('person.block')}
          busy={block.isPending}
          onClose={() => setAsking(false)}
          onConfirm={() => block.mutate(true, { onSettled: () => setAsking(false) })}
        >
          <p>{t('privacy.blocked.hint')}</p>
        </Confirm>
      )}
    </div>
  )
}

/// What the clock shows where the person is.
function LocalTime({ zone }: { zone: string }) {
  const t = useT()
  const [now] = useState(() => new Date())
  let there: Date
  try {
    there = new Date(now.toLocaleString('en-US', { timeZone: zone }))
  } catch {
    return null
  }
  return <p className={styles.zone}><Clock3 size={16} />{t('person.local_time', { time: clock(there), zone: zone.replaceAll('_', ' ') })}</p>
}
