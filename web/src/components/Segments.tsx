import { useId } from 'react'
import styles from './Segments.module.css'

interface Props<T extends string> {
  label: string
  value: T | null
  options: { value: T; text: string }[]
  onChange: (value: T) => void
}

/// A segmented control: one choice of a few.
export function Segments<T extends string>({ label, value, options, onChange }: Props<T>) {
  const name = useId()
  return (
    <fieldset className={styles.segments}>
      <legend>{label}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
