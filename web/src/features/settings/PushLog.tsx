import { BellRing, CircleAlert, CircleCheck, Clock3, Unplug } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { explain } from '@/api/explain'
import { usePerson } from '@/api/queries'
import type { PushDelivery } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Problem } from '@/components/Problem'
import { Time } from '@/components/Time'
import { personName } from '@/lib/author'
import { useT, type Key } from '@/lib/i18n'
import { usePushKey, usePushLog } from './api'
import styles from './Settings.module.css'

const results: Record<PushDelivery['result'], { text: Key; icon: ReactNode }> = {
  sent: { text: 'push.sent', icon: <CircleCheck size={20} aria-hidden="true" /> },
  retried: { text: 'push.retried', icon: <Clock3 size={20} aria-hidden="true" /> },
  failed: { text: 'push.failed', icon: <CircleAlert size={20} aria-hidden="true" /> },
  removed: { text: 'push.removed', icon: <Unplug size={20} aria-hidden="true" /> },
}

/// Whether the server sends pushes, and with what success; for its administrators.
export function PushState() {
  const t = useT()
  const { data: key } = usePushKey()
  const [open, setOpen] = useState(false)
  return (
    <section className={styles.block} aria-label={t('push.title')}>
      <h4>{t('push.title')}</h4>
      {key === null && <p className={styles.note}>{t('push.off')}</p>}
      {key && <p className={styles.note}>{t('push.on')} <code className={styles.key} dir="ltr">{key}</code></p>}
      <Button onClick={() => setOpen(true)}><BellRing size={18} />{t('push.log')}</Button>
      {open && <PushLog onClose={() => setOpen(false)} />}
    </section>
  )
}

function PushLog({ onClose }: { onClose: () => void }) {
  const t = useT()
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = usePushLog()
  const all = data?.pages.flat()
  return (
    <Dialog title={t('push.title')} onClose={onClose}>
      <div className={styles.log} tabIndex={0} role="region" aria-label={t('push.log')}>
        <p className={styles.note}>{t('push.log.hint')}</p>
        <Problem>{error ? t(explain(error)) : null}</Problem>
        {!all && !error && <Spinner />}
        {all?.length === 0 && <p className={styles.note}>{t('push.log.none')}</p>}
        <ul className={styles.list}>{all?.map((delivery) => <Line key={delivery.id} delivery={delivery} />)}</ul>
        {hasNextPage && <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>{t('common.more')}</Button>}
      </div>
    </Dialog>
  )
}

function Line({ delivery: { at, user_id, service, result, status, attempts } }: { delivery: PushDelivery }) {
  const t = useT()
  const user = usePerson(user_id)
  return (
    <li>
      {results[result].icon}
      <p>
        <b dir="auto">{personName(t, user)}</b>
        <small>
          {t(results[result].text)} · <Time at={at} form="full" /> · <bdi>{service}</bdi>
          {typeof status === 'number' && ` · HTTP ${status}`}
          {attempts > 1 && ` · ${t('webhooks.attempts', { count: attempts })}`}
        </small>
      </p>
    </li>
  )
}
