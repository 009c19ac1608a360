import { CalendarDays, SlidersHorizontal } from 'lucide-react'
import { useState } from 'react'
import { useT, type Key } from '@/lib/i18n'
import type { Filters, Kind } from './server'
import styles from './Search.module.css'

const KINDS: [Kind, Key][] = [
  ['image', 'search.images'], ['video', 'search.videos'], ['file', 'search.files'], ['link', 'search.links'], ['voice', 'search.voices'],
]

interface Props {
  filters: Filters
  onChange: (filters: Filters) => void
  /// Goes to a day of the chat.
  onDate: ((day: string) => void) | null
}

/// Narrows a search: by kind, author and dates.
export function FilterBar({ filters, onChange, onDate }: Props) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const { kinds, mine, after, before } = filters
  const active = kinds.length > 0 || mine || after !== '' || before !== ''
  const toggle = (kind: Kind) => onChange({ ...filters, kinds: kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind] })
  return (
    <div className={styles.filters}>
      <div className={styles.chips}>
        <button type="button" aria-expanded={open} aria-pressed={active} onClick={() => setOpen(!open)}><SlidersHorizontal size={15} />{t('search.filters')}</button>
        {onDate && (
          <label className={styles.date}>
            <CalendarDays size={15} />{t('search.go_to_date')}
            <input type="date" aria-label={t('search.go_to_date')} onChange={(event) => onDate(event.target.value)} onClick={(event) => event.currentTarget.showPicker?.()} />
          </label>
        )}
      </div>
      {open && (
        <>
          <div className={styles.chips} role="group" aria-label={t('search.filters')}>
            {KINDS.map(([kind, name]) => <button key={kind} type="button" aria-pressed={kinds.includes(kind)} onClick={() => toggle(kind)}>{t(name)}</button>)}
            <button type="button" aria-pressed={mine} onClick={() => onChange({ ...filters, mine: !mine })}>{t('search.mine')}</button>
          </div>
          <div className={styles.dates}>
            <label>{t('search.after')}<input type="date" value={after} max={before || undefined} onChange={(event) => onChange({ ...filters, after: event.target.value })} /></label>
            <label>{t('search.before')}<input type="date" value={before} min={after || undefined} onChange={(event) => onChange({ ...filters, before: event.target.value })} /></label>
          </div>
        </>
      )}
    </div>
  )
}
