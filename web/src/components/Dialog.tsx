import { ArrowLeft, X } from 'lucide-react'
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { useBackCloses } from '@/lib/back'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { IconButton } from './Button'
import styles from './Dialog.module.css'

interface Props {
  title: string
  onClose: () => void
  children: ReactNode
  /// The title is for screen readers only.
  bare?: boolean
  /// For several columns.
  wide?: boolean
  /// On a phone, where the pages of a dialog cover each other: the page's title, and the way back.
  subtitle?: string
  onBack?: () => void
}

/// The browser's modal dialog, which traps and restores focus.
export function Dialog({ title, onClose, children, bare = false, wide = false, subtitle, onBack }: Props) {
  const t = useT()
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useBackCloses(() => ref.current?.close())

  useEffect(() => {
    const dialog = ref.current
    if (!dialog || dialog.open) return
    dialog.showModal()
    dialog.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [])

  return (
    <dialog
      ref={ref}
      className={cx(styles.dialog, bare && styles.bare, wide && styles.wide)}
      aria-labelledby={heading}
      onClose={(event) => {
        // A dialog inside this one closes without it.
        if (event.target === ref.current) onClose()
      }}
      onKeyDown={(event) => {
        // A search field would keep the first Esc for itself.
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        ref.current?.close()
      }}
      onClick={(event) => {
        if (event.target === ref.current) ref.current?.close()
      }}
    >
      <div className={styles.inside}>
        <header className={bare ? 'visually-hidden' : styles.header}>
          {onBack && <IconButton label={t('common.back')} className={styles.back} onClick={onBack}><ArrowLeft size={20} /></IconButton>}
          <h2 id={heading} data-covered={subtitle ? true : undefined}>{title}</h2>
          {subtitle && <p className={styles.subtitle} aria-hidden="true">{subtitle}</p>}
          {!bare && <IconButton label={t('common.close')} onClick={() => ref.current?.close()}><X size={20} /></IconButton>}
        </header>
        {children}
      </div>
    </dialog>
  )
}
