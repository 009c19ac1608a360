import { MonitorSmartphone } from 'lucide-react'
import { Button } from '@/components/Button'
import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import { useEndOtherSessions, useEndSession, useSessions } from './api'
import styles from './Settings.module.css'

/// The user's signed-in devices.
export function Sessions() {
  const t = useT()
  const { data } = useSessions()
  const end = useEndSession()
  const endOthers = useEndOtherSessions()
  return (
    <section className={styles.block} aria-label={t('profile.sessions')}>
      <h4>{t('profile.sessions')}</h4>
      <ul className={styles.list}>
        {data?.map((session) => (
          <li key={session.id}>
            <MonitorSmartphone size={20} />
            <p>
              <b>{session.device ?? t('profile.device')}</b>
              <small>{session.current ? t('profile.current') : <>{session.address} · <Time at={session.last_used_at} form="brief" /></>}</small>
            </p>
            {!session.current && (
              <Button
                aria-label={t('profile.end.which', { name: session.device ?? t('profile.device') })}
                busy={end.isPending && end.variables === String(session.id)}
                onClick={() => end.mutate(String(session.id))}
              >
                {t('profile.end')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {data && data.length > 1 && <Button look="danger" busy={endOthers.isPending} onClick={() => endOthers.mutate()}>{t('profile.end.others')}</Button>}
    </section>
  )
}
