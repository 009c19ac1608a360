import { X } from 'lucide-react'
import { useState } from 'react'
import { useRoom } from '@/api/offline'
import { useStorage } from '@/api/outbox'
import { IconButton } from '@/components/Button'
import { useT } from '@/lib/i18n'
import styles from './ChatSelect.module.css'

const READ = 'besedka.no-copy-read'

/// Says that unsent messages would not survive closing the tab, or, once, that nothing will be shown without the server.
export function StorageNote() {
  const t = useT()
  const storage = useStorage()
  const room = useRoom()
  const [read, setRead] = useState(wasRead)
  if (storage !== 'kept') return <p role="status" className={styles.note}>{storage === 'full' ? t('storage.full') : t('storage.missing')}</p>
  if (room === 'kept' || read) return null
  const close = () => {
    setRead(true)
    rememberRead()
  }
  return (
    <div className={styles.note}>
      <p role="status">{room === 'full' ? t('storage.copy_full') : t('storage.copy_missing')}</p>
      <IconButton label={t('common.close')} onClick={close}><X size={18} /></IconButton>
    </div>
  )
}

function wasRead(): boolean {
  try {
    return localStorage.getItem(READ) === '1'
  } catch {
    return false
  }
}

function rememberRead(): void {
  try {
    localStorage.setItem(READ, '1')
  } catch {
    // It is said again at the next start.
  }
}
