import { useId } from 'react'
import styles from './Select.module.css'

interface Props {
  label: string
  value: string
  options: { value: string; text: string }[]
  onChange: (value: string) => void
}

/// One choice of several, in a row with its label.
export function Select({ label, value, options, onChange }: Props) {
  const id = useId()
  return (
    <div className={styles.select}>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((option) => <option key={option.value} value={option.value}>{option.text}</option>)}
      </select>
    </div>
  )
}
