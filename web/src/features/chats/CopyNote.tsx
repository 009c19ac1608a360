import { useRestoredAt } from '@/api/offline'
import { Spinner } from '@/components/Button'
import { moment } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import styles from './ConnectionBanner.module.css'

/// At a start without the server: how old the chats are that this device kept.
export function CopyNote() {
  const t = useT()
  const restoredAt = useRestoredAt()
  if (restoredAt === null) return null
  return <p role="status" className={styles.banner}><Spinner />{t('offline.chats', { time: moment(new Date(restoredAt), t) })}</p>
}
