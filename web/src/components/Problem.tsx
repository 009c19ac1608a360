import styles from './Problem.module.css'

/// Why a form was refused, announced when it appears.
export function Problem({ children }: { children: string | null }) {
  return children ? <p className={styles.problem} role="alert">{children}</p> : null
}
