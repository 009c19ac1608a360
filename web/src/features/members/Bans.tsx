import { UserCheck } from 'lucide-react'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { PersonRow } from '@/components/PersonRow'
import { useT } from '@/lib/i18n'
import styles from './ChatInfo.module.css'
import { useBan, useBans } from './server'

export function Bans({ chat, onClose }: { chat: number; onClose: () => void }) {
  const t = useT()
  const bans = useBans(chat, true)
  const ban = useBan(chat)
  return (
    <Dialog title={t('members.bans')} onClose={onClose}>
      <div className={styles.body}>
        {!bans && <Spinner />}
        {bans?.length === 0 && <p role="status">{t('members.no_bans')}</p>}
        <ul className={styles.list}>
          {bans?.map(({ user, reason }) => (
            <PersonRow key={user.id} person={user} note={reason ?? undefined}>
              <Button busy={ban.isPending} onClick={() => ban.mutate({ user: user.id, on: false })}><UserCheck size={17} />{t('members.unban')}</Button>
            </PersonRow>
          ))}
        </ul>
      </div>
    </Dialog>
  )
}
