import { useId, type SelectHTMLAttributes } from 'react'
import styles from './Field.module.css'

interface Props extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string
  options: { value: string; text: string }[]
}

/// One choice of many.
export function Select({ label, options, ...rest }: Props) {
  const id = useId()
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select id={id} {...rest}>
        {options.map(({ value, text }) => <option key={value} value={value}>{text}</option>)}
      </select>
    </div>
  )
}
