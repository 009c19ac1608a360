import { useState } from 'react'
import { usePushState, type PushState } from '@/api/push'
import { Button } from '@/components/Button'
import { Segments } from '@/components/Segments'
import { Switch } from '@/components/Switch'
import { Time } from '@/components/Time'
import { useT, type Key } from '@/lib/i18n'
import { askPermission, needsHomeScreen, permission, setNotifyChoices, useNotifyChoices } from '@/lib/notify'
import { PushDevices } from './PushDevices'
import styles from './Settings.module.css'

type Quiet = 'off' | 'hour' | 'morning' | 'on'
const quiet: Record<Quiet, Key> = { off: 'notify.quiet.off', hour: 'notify.quiet.hour', morning: 'notify.quiet.morning', on: 'notify.quiet.on' }

const reach: Record<PushState, Key> = { on: 'notify.push.on', failed: 'notify.push.failed', missing: 'notify.desktop.hint', off: 'notify.desktop.hint' }

/// What this browser does when a message comes. Each chat has its own rules besides.
export function Notifications() {
  const t = useT()
  const choices = useNotifyChoices()
  const push = usePushState()
  const [allowed, setAllowed] = useState(permission)
  const [now] = useState(() => Date.now())
  const state = choices.quietUntil === Infinity ? 'on' : choices.quietUntil > now ? 'until' : 'off'
  const silence = (length: Quiet) => setNotifyChoices({ quietUntil: until(length) })
  return (
    <div className={styles.stack}>
      <div className={styles.block}>
        {allowed === 'default' && (
          <>
            <p className={styles.note}>{t('notify.offer')}</p>
            <Button look="main" onClick={() => void askPermission().then(setAllowed)}>{t('notify.turn_on')}</Button>
          </>
        )}
        {allowed === 'denied' && <p className={styles.warning}>{t('notify.denied')}</p>}
        {allowed === 'missing' && <p className={styles.warning}>{t(needsHomeScreen() ? 'notify.home' : 'notify.insecure')}</p>}
        <Switch label={t('notify.desktop')} hint={t(reach[push])} checked={choices.desktop && allowed === 'granted'} disabled={allowed !== 'granted'} onChange={(desktop) => setNotifyChoices({ desktop })} />
        <Switch label={t('notify.preview')} hint={t('notify.preview.hint')} checked={choices.preview} onChange={(preview) => setNotifyChoices({ preview })} />
        <Switch label={t('notify.sound')} checked={choices.sound} onChange={(sound) => setNotifyChoices({ sound })} />
      </div>
      <div className={styles.block}>
        <Segments
          label={t('notify.quiet')}
          value={state === 'until' ? null : state}
          onChange={silence}
          options={(Object.keys(quiet) as Quiet[]).map((value) => ({ value, text: t(quiet[value]) }))}
        />
        <p className={styles.note} role="status">
          {state === 'until' && <>{t('notify.quiet.until')} <Time at={new Date(choices.quietUntil).toISOString()} form="clock" /></>}
        </p>
        <p className={styles.note}>{t('notify.chats')}</p>
      </div>
      <PushDevices key={push} />
    </div>
  )
}

/// When the silence ends, in ms.
function until(length: Quiet): number {
  if (length === 'off') return 0
  if (length === 'on') return Infinity
  if (length === 'hour') return Date.now() + 3600_000
  const morning = new Date()
  if (morning.getHours() >= 8) morning.setDate(morning.getDate() + 1)
  return morning.setHours(8, 0, 0, 0)
}
