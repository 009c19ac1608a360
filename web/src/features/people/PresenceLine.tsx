import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import { usePresence } from './api'
import styles from './PersonCard.module.css'

/// Whether somebody is online, or when they were.
export function PresenceLine({ id }: { id: number }) {
  const t = useT()
  const presence = usePresence(id)
  if (!presence) return null
  return (
    <span className={styles.presence} data-status={presence.status}>
      {presence.status === 'online' && <><i />{t('presence.online')}</>}
      {presence.status === 'away' && t('presence.away')}
      {presence.status === 'offline' && (presence.last_seen_at
        ? <span>{t('presence.seen')} <Time at={presence.last_seen_at} form="brief" /></span>
        : t('presence.offline'))}
    </span>
  )
}
