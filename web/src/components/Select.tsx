import { useId, type SelectHTMLAttributes } from 'react'
import { cx } from '@/lib/cx'
import field from './Field.module.css'
import styles from './Select.module.css'

interface Props extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string
  options: { value: string; text: string }[]
  /// Beside its label.
  inRow?: boolean
}

/// One choice of many.
export function Select({ label, options, inRow = false, ...rest }: Props) {
  const id = useId()
  return (
    <div className={cx(field.field, inRow && styles.row)}>
      <label htmlFor={id}>{label}</label>
      <select id={id} {...rest}>
        {options.map(({ value, text }) => <option key={value} value={value}>{text}</option>)}
      </select>
    </div>
  )
}
