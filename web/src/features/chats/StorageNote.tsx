import { useStorage } from '@/api/outbox'
import { useT } from '@/lib/i18n'
import styles from './ChatSelect.module.css'

/// Says that unsent messages would not survive closing the tab.
export function StorageNote() {
  const t = useT()
  const storage = useStorage()
  if (storage === 'kept') return null
  return <p role="status" className={styles.note}>{storage === 'full' ? t('storage.full') : t('storage.missing')}</p>
}
