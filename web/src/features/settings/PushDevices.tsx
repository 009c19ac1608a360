import { BellRing } from 'lucide-react'
import { Button } from '@/components/Button'
import { brief, instant } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { usePushDevices, useRemovePushDevice } from './api'
import styles from './Settings.module.css'

/// The browsers and programs to which notifications are pushed. One's own is turned off by the switch above.
export function PushDevices() {
  const t = useT()
  const { data: devices } = usePushDevices()
  const remove = useRemovePushDevice()
  if (!devices) return null
  return (
    <section className={styles.block} aria-label={t('push.devices')}>
      <h4>{t('push.devices')}</h4>
      {devices.length === 0 && <p className={styles.note}>{t('push.devices.none')}</p>}
      <ul className={styles.list}>
        {devices.map((device) => {
          const name = hostOf(device.endpoint)
          return (
            <li key={device.id}>
              <BellRing size={20} aria-hidden="true" />
              <p>
                <b dir="ltr">{name}</b>
                <small>
                  {[device.current && t('push.device.this'), t('push.device.since', { time: brief(instant(device.created_at), t) }), device.hide_content && t('push.device.hidden')].filter(Boolean).join(' · ')}
                </small>
              </p>
              {!device.current && <Button aria-label={t('push.device.remove', { name })} busy={remove.isPending} onClick={() => remove.mutate(device.id)}>{t('admin.deactivate')}</Button>}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function hostOf(endpoint: string): string {
  try {
    return new URL(endpoint).host
  } catch {
    return endpoint
  }
}
