import { Select } from '@/components/Select'
import { useT } from '@/lib/i18n'

const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400
const LIVES = [HOUR_S, DAY_S, 7 * DAY_S, 30 * DAY_S, 365 * DAY_S]

/// How long new messages of a chat are kept, in seconds; 0 is for ever.
export function LifeSelect({ value, onChange }: { value: number; onChange: (seconds: number) => void }) {
  const t = useT()
  const lives = LIVES.includes(value) || value === 0 ? LIVES : [...LIVES, value].sort((a, b) => a - b)
  const text = (seconds: number) => {
    if (seconds >= DAY_S) return t('members.life_days', { count: Math.round(seconds / DAY_S) })
    if (seconds >= HOUR_S) return t('members.life_hours', { count: Math.round(seconds / HOUR_S) })
    return t('members.life_minutes', { count: Math.max(1, Math.round(seconds / MINUTE_S)) })
  }
  return (
    <Select
      inRow
      label={t('members.life')}
      value={String(value)}
      onChange={(event) => onChange(Number(event.target.value))}
      options={[{ value: '0', text: t('members.life_forever') }, ...lives.map((seconds) => ({ value: String(seconds), text: text(seconds) }))]}
    />
  )
}
