import type { ReactNode } from 'react'
import { useT } from '@/lib/i18n'
import { Button } from './Button'
import { Dialog } from './Dialog'
import styles from './Confirm.module.css'

interface Props {
  title: string
  /// What the button does, as a verb.
  action: string
  /// What the other button says, if not that it cancels.
  refusal?: string
  busy?: boolean
  onConfirm: () => void
  onClose: () => void
  children?: ReactNode
}

/// Asks before something that cannot be undone.
export function Confirm({ title, action, refusal, busy, onConfirm, onClose, children }: Props) {
  const t = useT()
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={styles.body}>
        {children}
        <div className={styles.buttons}>
          <Button data-first onClick={onClose}>{refusal ?? t('common.cancel')}</Button>
          <Button look="danger" busy={busy} onClick={onConfirm}>{action}</Button>
        </div>
      </div>
    </Dialog>
  )
}
