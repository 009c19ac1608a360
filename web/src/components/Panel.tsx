import { ArrowLeft, X } from 'lucide-react'
import { useContext, useEffect, useEffectEvent, useRef, type ReactNode } from 'react'
import { openLayer, OwnsHistory } from '@/lib/back'
import { useT } from '@/lib/i18n'
import { IconButton } from './Button'
import styles from './Panel.module.css'

interface Props {
  title: string
  onClose: () => void
  /// Between the title and the list, such as a search field.
  tools?: ReactNode
  children: ReactNode
  /// Whether it stands in place of the chat list, with an arrow back.
  side?: boolean
}

/// A column beside the chat, or over it where there is no room.
export function Panel({ title, onClose, tools, children, side = false }: Props) {
  const t = useT()
  const ref = useRef<HTMLElement>(null)
  const owns = useContext(OwnsHistory)
  const close = useEffectEvent(onClose)
  useEffect(() => {
    const before = document.activeElement
    const panel = ref.current
    panel?.querySelector<HTMLElement>('[data-first]')?.focus()
    // Where it covers the chat, "back" closes it.
    const covers = panel && getComputedStyle(panel).position === 'absolute'
    const release = covers && owns ? openLayer(() => close()) : undefined
    return () => {
      release?.()
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [owns])
  return (
    <aside
      ref={ref}
      className={side ? styles.side : styles.panel}
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.preventDefault()
        event.stopPropagation()
        onClose()
      }}
    >
      <header className={styles.header}>
        {side && <IconButton label={t('common.back')} onClick={onClose}><ArrowLeft size={20} /></IconButton>}
        <h2>{title}</h2>
        {!side && <IconButton label={t('common.close')} onClick={onClose}><X size={20} /></IconButton>}
      </header>
      {tools && <div className={styles.tools}>{tools}</div>}
      <div className={styles.body}>{children}</div>
    </aside>
  )
}
