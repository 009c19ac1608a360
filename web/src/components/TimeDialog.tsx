import { useState, type FormEvent } from 'react'
import { useT } from '@/lib/i18n'
import { Button } from './Button'
import { Dialog } from './Dialog'
import { Field } from './Field'
import styles from './TimeDialog.module.css'

interface Props {
  title: string
  action: string
  initial?: Date
  onChoose: (at: Date) => void
  onClose: () => void
}

const HOUR_MS = 3_600_000

/// A local time as the field wants it: 2026-01-31T09:30.
const local = (at: Date) => new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)

function morning(days: number): Date {
  const at = new Date()
  at.setDate(at.getDate() + days)
  at.setHours(9, 0, 0, 0)
  return at
}

/// Asks for a time in the future.
export function TimeDialog({ title, action, initial, onChoose, onClose }: Props) {
  const t = useT()
  const [at, setAt] = useState(() => local(initial ?? new Date(Date.now() + HOUR_MS)))
  const [problem, setProblem] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const time = new Date(at)
    if (!(time.getTime() > Date.now())) return setProblem(true)
    onChoose(time)
  }
  const monday = (8 - new Date().getDay()) % 7 || 7
  return (
    <Dialog title={title} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.soon}>
          <button type="button" onClick={() => onChoose(new Date(Date.now() + HOUR_MS))}>{t('scheduled.in_hour')}</button>
          <button type="button" onClick={() => onChoose(morning(1))}>{t('scheduled.tomorrow')}</button>
          <button type="button" onClick={() => onChoose(morning(monday))}>{t('scheduled.monday')}</button>
        </div>
        <Field label={t('scheduled.time')} type="datetime-local" required value={at} min={local(new Date())} onChange={(event) => { setAt(event.target.value); setProblem(false) }} />
        {problem && <p role="alert">{t('scheduled.past')}</p>}
        <Button type="submit" look="main">{action}</Button>
      </form>
    </Dialog>
  )
}
