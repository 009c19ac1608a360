import styles from './Switch.module.css'

interface Props {
  label: string
  hint?: string
  checked: boolean
  disabled?: boolean
  onChange: (checked: boolean) => void
}

/// A setting that is on or off.
export function Switch({ label, hint, checked, disabled, onChange }: Props) {
  return (
    <label className={styles.switch}>
      <span>{label}{hint && <small>{hint}</small>}</span>
      <input type="checkbox" role="switch" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      <i aria-hidden="true" />
    </label>
  )
}
