import { Button, Spinner } from '@/components/Button'
import { Logo } from '@/components/Logo'
import { useT } from '@/lib/i18n'
import styles from './Splash.module.css'

/// Shown while loading, or while the server cannot be reached.
export function Splash({ failed = false, onRetry }: { failed?: boolean; onRetry?: () => void }) {
  const t = useT()
  return (
    <main className={styles.splash} aria-busy={!failed}>
      <Logo size={64} />
      <h1 className={failed ? undefined : 'visually-hidden'}>{failed ? t('connection.unreachable') : t('common.loading')}</h1>
      {failed
        ? <><p>{t('connection.unreachable.hint')}</p><Button onClick={onRetry}>{t('common.retry')}</Button></>
        : <Spinner />}
    </main>
  )
}
