import { MonitorSmartphone } from 'lucide-react'
import { useEndSession } from '@/api/actions'
import { useSessions } from '@/api/queries'
import { Button } from '@/components/Button'
import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import styles from './Profile.module.css'

/// The user's signed-in devices.
export function Sessions() {
  const t = useT()
  const { data } = useSessions()
  const end = useEndSession()
  return (
    <section className={styles.sessions} aria-label={t('profile.sessions')}>
      <h3>{t('profile.sessions')}</h3>
      <ul>
        {data?.map((session) => (
          <li key={session.id}>
            <MonitorSmartphone size={20} />
            <p>
              <b>{session.device ?? t('profile.device')}</b>
              <small>{session.current ? t('profile.current') : <>{session.address} · <Time at={session.last_used_at} form="brief" /></>}</small>
            </p>
            {!session.current && <Button busy={end.isPending && end.variables === session.id} onClick={() => end.mutate(session.id)}>{t('profile.end')}</Button>}
          </li>
        ))}
      </ul>
    </section>
  )
}
