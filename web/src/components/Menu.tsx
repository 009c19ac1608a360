import { useEffect, useEffectEvent, useLayoutEffect, useRef, type ReactNode } from 'react'
import styles from './Menu.module.css'

export interface Point {
  x: number
  y: number
}

interface Props {
  label: string
  at: Point
  onClose: () => void
  children: ReactNode
}

/// A context menu in the browser's top layer: Esc or a click elsewhere closes it.
/// The browser's light dismiss would close it on the pointerup of the long press that opened it.
export function Menu({ label, at, onClose, children }: Props) {
  const ref = useRef<HTMLDivElement>(null)
  const before = useRef<Element | null>(null)

  useLayoutEffect(() => {
    const menu = ref.current
    if (!menu) return
    before.current ??= document.activeElement
    menu.showPopover?.()
    const { width, height } = menu.getBoundingClientRect()
    menu.style.left = `${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`
    menu.style.top = `${Math.max(8, at.y + height + 8 > innerHeight ? Math.min(at.y, innerHeight - 8) - height : at.y)}px`
    menu.querySelector('button')?.focus()
  }, [at])

  const elsewhere = useEffectEvent((event: PointerEvent) => {
    if (!ref.current?.contains(event.target as Node)) onClose()
  })
  useEffect(() => {
    const pressed = (event: PointerEvent) => elsewhere(event)
    addEventListener('pointerdown', pressed, true)
    return () => removeEventListener('pointerdown', pressed, true)
  }, [])

  const leave = () => {
    onClose()
    if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true })
  }

  return (
    <div
      ref={ref}
      popover="manual"
      role="menu"
      aria-label={label}
      className={styles.menu}
      onKeyDown={(event) => {
        if (event.key === 'Escape' || event.key === 'Tab') {
          event.preventDefault()
          // A dialog around it stays.
          event.stopPropagation()
          return leave()
        }
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
        if (!step) return
        event.preventDefault()
        const items = [...(ref.current?.querySelectorAll('button') ?? [])]
        const now = items.indexOf(document.activeElement as HTMLButtonElement)
        items[(now + step + items.length) % items.length]?.focus()
      }}
    >
      {children}
    </div>
  )
}

interface ItemProps {
  icon: ReactNode
  onSelect: () => void
  danger?: boolean
  children: ReactNode
}

export function MenuItem({ icon, onSelect, danger = false, children }: ItemProps) {
  return (
    <button type="button" role="menuitem" className={styles.item} data-danger={danger || undefined} onClick={onSelect}>
      {icon}
      {children}
    </button>
  )
}
