import type { ReactNode } from 'react'
import styles from './Empty.module.css'

interface Props {
  icon: ReactNode
  title: string
  children?: ReactNode
}

/// An empty state: nothing here yet, or loading failed.
export function Empty({ icon, title, children }: Props) {
  return (
    <div className={styles.empty}>
      <span className={styles.icon}>{icon}</span>
      <h2>{title}</h2>
      {children}
    </div>
  )
}
