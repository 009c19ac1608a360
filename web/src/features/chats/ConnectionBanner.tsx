import { useEffect, useState } from 'react'
import { useLiveStatus, wakeLive } from '@/api/live'
import { Spinner } from '@/components/Button'
import { useT } from '@/lib/i18n'
import styles from './ConnectionBanner.module.css'

const PATIENCE_MS = 3_000

/// Says when this page does not hear the server; short breaks are not worth a word.
export function ConnectionBanner() {
  const t = useT()
  const status = useLiveStatus()
  const well = status === 'live'
  const [late, setLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLate(!well), well ? 0 : PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [well])
  if (well || (!late && status !== 'replaced')) return <p role="status" className="visually-hidden" />
  return (
    <p role="status" className={styles.banner}>
      {status === 'replaced'
        ? <>{t('connection.replaced')}<button type="button" onClick={wakeLive}>{t('connection.here')}</button></>
        : <><Spinner />{navigator.onLine ? t('connection.connecting') : t('connection.offline')}</>}
    </p>
  )
}
