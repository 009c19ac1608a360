import { CircleAlert, CircleCheck, Clock3, RotateCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { explain } from '@/api/explain'
import type { Delivery, OutgoingWebhook } from '@/api/types'
import { Button, IconButton, Spinner } from '@/components/Button'
import { Problem } from '@/components/Problem'
import { Time } from '@/components/Time'
import { useT, type Key } from '@/lib/i18n'
import styles from './Integrations.module.css'
import { events } from './OutgoingForm'
import { useDeliveries, useReplay } from './server'

const states: Record<Delivery['state'], { text: Key; icon: ReactNode }> = {
  delivered: { text: 'webhooks.delivered', icon: <CircleCheck size={20} aria-hidden="true" /> },
  waiting: { text: 'webhooks.waiting', icon: <Clock3 size={20} aria-hidden="true" /> },
  failed: { text: 'webhooks.failed', icon: <CircleAlert size={20} className={styles.bad} aria-hidden="true" /> },
}

/// What was sent to an address in the last seven days, what it answered, and sending it again.
export function Deliveries({ webhook }: { webhook: OutgoingWebhook }) {
  const t = useT()
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useDeliveries(webhook.id)
  const replay = useReplay(webhook.id)
  const all = data?.pages.flat()
  return (
    <section className={styles.block} aria-label={t('webhooks.log')}>
      {!webhook.enabled && <p className={styles.bad}>{t('webhooks.off')}{webhook.disabled_reason && `: ${webhook.disabled_reason}`}</p>}
      {webhook.enabled && webhook.failing_since && <p className={styles.warning}>{t('webhooks.failing')}</p>}
      <p className={styles.note}>{t('webhooks.log.hint')}</p>
      <Problem>{error ? t(explain(error)) : null}</Problem>
      {!all && !error && <Spinner />}
      {all?.length === 0 && <p className={styles.empty}>{t('webhooks.log.none')}</p>}
      <ul className={styles.list}>
        {all?.map((delivery) => (
          <li key={delivery.id}>
            {states[delivery.state].icon}
            <p className={styles.what}>
              <b>{events[delivery.event as keyof typeof events] ? t(events[delivery.event as keyof typeof events]) : delivery.event}</b>
              <small>
                {t(states[delivery.state].text)} · <Time at={delivery.created_at} form="full" />
                {delivery.attempts > 1 && ` · ${t('webhooks.attempts', { count: delivery.attempts })}`}
                {typeof delivery.status === 'number' && ` · HTTP ${delivery.status}`}
              </small>
              {delivery.failure && delivery.state !== 'delivered' && <small className={styles.bad} dir="auto">{delivery.failure}</small>}
              {delivery.next_attempt_at && <small>{t('webhooks.next')} <Time at={delivery.next_attempt_at} form="clock" /></small>}
            </p>
            {webhook.enabled && (
              <IconButton label={t('webhooks.replay')} disabled={replay.isPending} onClick={() => replay.mutate(delivery.id)}><RotateCw size={18} /></IconButton>
            )}
          </li>
        ))}
      </ul>
      {hasNextPage && <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>{t('common.more')}</Button>}
    </section>
  )
}
