import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { cx } from '@/lib/cx'
import styles from './Button.module.css'

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  ref?: Ref<HTMLButtonElement>
  look?: 'main' | 'plain' | 'danger'
  busy?: boolean
}

export function Button({ look = 'plain', busy = false, className, children, disabled, ...rest }: Props) {
  return (
    <button type="button" {...rest} disabled={disabled || busy} className={cx(styles.button, styles[look], className)}>
      {busy && <Spinner />}
      {children}
    </button>
  )
}

interface IconProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  ref?: Ref<HTMLButtonElement>
  label: string
  'data-search'?: boolean
  children: ReactNode
}

/// An icon button: the label is its accessible name and its tooltip.
export function IconButton({ label, className, children, ...rest }: IconProps) {
  return (
    <button type="button" aria-label={label} title={label} {...rest} className={cx(styles.icon, className)}>
      {children}
    </button>
  )
}

export function Spinner() {
  return <span className={styles.spinner} aria-hidden="true" />
}
