import { useId, type ReactNode, type TextareaHTMLAttributes } from 'react'
import styles from './Field.module.css'

interface Props extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  label: string
  hint?: ReactNode
}

/// A field for several lines.
export function Area({ label, hint, ...rest }: Props) {
  const id = useId()
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <textarea id={id} rows={3} dir="auto" aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      {hint && <p id={`${id}-hint`}>{hint}</p>}
    </div>
  )
}
