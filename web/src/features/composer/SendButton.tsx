import { ArrowUp, BellOff, CalendarClock, Check, ChevronUp, Mic } from 'lucide-react'
import { Suspense, useState } from 'react'
import { IconButton } from '@/components/Button'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import styles from './Composer.module.css'

const TimeDialog = lazyComponent(() => import('@/components/TimeDialog').then((file) => file.TimeDialog))

interface Props {
  ready: boolean
  disabled: boolean
  editing: boolean
  canSchedule: boolean
  onSilent: () => void
  onLater: (at: Date) => void
  onRecord: () => void
}

/// Sends now, silently or later; with nothing written, records.
export function SendButton({ ready, disabled, editing, canSchedule, onSilent, onLater, onRecord }: Props) {
  const t = useT()
  const [at, setAt] = useState<Point | null>(null)
  const [choosing, setChoosing] = useState(false)
  if (!ready) return editing ? null : <IconButton label={t('composer.voice')} onClick={onRecord}><Mic size={21} /></IconButton>
  if (editing) return <button type="submit" className={styles.send} disabled={disabled} aria-label={t('composer.save')}><Check size={22} /></button>
  return (
    <>
      <button
        type="button"
        className={styles.how}
        disabled={disabled}
        aria-label={t('composer.how')}
        title={t('composer.how')}
        aria-haspopup="menu"
        onClick={(event) => {
          const { left, top } = event.currentTarget.getBoundingClientRect()
          setAt({ x: left, y: top - 8 })
        }}
      >
        <ChevronUp size={18} />
      </button>
      <button type="submit" className={styles.send} disabled={disabled} aria-label={t('composer.send')}><ArrowUp size={22} /></button>
      {at && (
        <Menu label={t('composer.how')} at={at} onClose={() => setAt(null)}>
          <MenuItem icon={<BellOff size={18} />} onSelect={() => { setAt(null); onSilent() }}>{t('composer.send_silent')}</MenuItem>
          {canSchedule && <MenuItem icon={<CalendarClock size={18} />} onSelect={() => { setAt(null); setChoosing(true) }}>{t('composer.send_later')}</MenuItem>}
        </Menu>
      )}
      {choosing && (
        <Suspense>
          <TimeDialog title={t('composer.send_later')} action={t('composer.schedule')} onClose={() => setChoosing(false)} onChoose={(time) => { setChoosing(false); onLater(time) }} />
        </Suspense>
      )}
    </>
  )
}
