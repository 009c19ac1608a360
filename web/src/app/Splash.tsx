import { Button, Spinner } from '@/components/Button'
import { Mark } from '@/components/Mark'
import { useT } from '@/lib/i18n'
import styles from './Splash.module.css'

/// While there is nothing to show yet, or no server to ask.
export function Splash({ failed = false, onRetry }: { failed?: boolean; onRetry?: () => void }) {
  const t = useT()
  return (
    <main className={styles.splash} aria-busy={!failed}>
      <Mark size={64} />
      <h1 className={failed ? undefined : 'visually-hidden'}>{failed ? t('connection.unreachable') : t('common.loading')}</h1>
      {failed
        ? <><p>{t('connection.unreachable.hint')}</p><Button onClick={onRetry}>{t('common.retry')}</Button></>
        : <Spinner />}
    </main>
  )
}
