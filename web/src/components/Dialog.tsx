import { X } from 'lucide-react'
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { openLayer } from '@/lib/layers'
import { IconButton } from './Button'
import styles from './Dialog.module.css'

interface Props {
  title: string
  onClose: () => void
  children: ReactNode
  /// The title is for screen readers only.
  bare?: boolean
}

/// The browser's modal dialog, which traps and restores focus.
export function Dialog({ title, onClose, children, bare = false }: Props) {
  const t = useT()
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()

  useEffect(() => {
    const dialog = ref.current
    if (!dialog || dialog.open) return
    dialog.showModal()
    dialog.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [])
  useEffect(() => openLayer(() => ref.current?.close()), [])

  return (
    <dialog
      ref={ref}
      className={cx(styles.dialog, bare && styles.bare)}
      aria-labelledby={heading}
      onClose={onClose}
      onKeyDown={(event) => {
        // A search field would keep the first Esc for itself.
        if (event.key !== 'Escape') return
        event.preventDefault()
        ref.current?.close()
      }}
      onClick={(event) => {
        if (event.target === ref.current) ref.current?.close()
      }}
    >
      <div className={styles.inside}>
        <header className={bare ? 'visually-hidden' : styles.header}>
          <h2 id={heading}>{title}</h2>
          {!bare && <IconButton label={t('common.close')} onClick={() => ref.current?.close()}><X size={20} /></IconButton>}
        </header>
        {children}
      </div>
    </dialog>
  )
}
