import { useId, type ReactNode } from 'react'
import styles from './Switch.module.css'

interface Props {
  label: string
  hint?: ReactNode
  checked: boolean
  disabled?: boolean
  onChange: (checked: boolean) => void
}

/// A setting that is on or off and applies at once.
export function Switch({ label, hint, checked, disabled, onChange }: Props) {
  const id = useId()
  return (
    <label className={styles.switch}>
      <span>
        <b>{label}</b>
        {hint && <small id={id}>{hint}</small>}
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-label={label}
        aria-describedby={hint ? id : undefined}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <i aria-hidden="true" />
    </label>
  )
}
