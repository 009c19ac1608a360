import type { ReactNode } from 'react'
import { Button } from './Button'
import styles from './Secret.module.css'

interface Props {
  /// That it is shown only now.
  note: string
  secret: string
  copy: string
  onCopy: () => void
  children?: ReactNode
}

/// A secret that the server shows once.
export function Secret({ note, secret, copy, onCopy, children }: Props) {
  return (
    <div className={styles.secret} role="status">
      <p>{note}</p>
      <code dir="ltr">{secret}</code>
      <Button onClick={onCopy}>{copy}</Button>
      {children}
    </div>
  )
}
