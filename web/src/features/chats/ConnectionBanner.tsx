import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { isLive, reconnect, useLiveStatus } from '@/api/live'
import { useRestoredAt } from '@/api/offline'
import { Spinner } from '@/components/Button'
import { useT } from '@/lib/i18n'
import styles from './ConnectionBanner.module.css'

const SHOW_AFTER_MS = 3_000

/// Shows when the live connection is down; short interruptions are ignored. A start without the
/// server has a note of its own.
export function ConnectionBanner() {
  const t = useT()
  const cache = useQueryClient()
  const status = useLiveStatus()
  const online = useOnline()
  const restoredAt = useRestoredAt()
  const connected = isLive(status) && online
  const [isLong, setIsLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(!connected), connected ? 0 : SHOW_AFTER_MS)
    return () => clearTimeout(timer)
  }, [connected])
  if (connected || restoredAt !== null || (!isLong && online && status !== 'replaced')) return <p role="status" className="visually-hidden">{status === 'polling' && t('connection.polling')}</p>
  return (
    <p role="status" className={styles.banner}>
      {status === 'replaced'
        ? <>{t('connection.replaced')}<button type="button" onClick={() => reconnect(cache)}>{t('connection.here')}</button></>
        : <><Spinner />{online ? t('connection.connecting') : t('connection.offline')}</>}
    </p>
  )
}

/// What the browser says at once, before a request fails.
const useOnline = () => useSyncExternalStore((listener) => {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}, () => navigator.onLine)
