import { useEffect, useEffectEvent, useLayoutEffect, useRef, type ReactNode } from 'react'
import styles from './Menu.module.css'
import type { Point } from './Menu'

interface Props {
  label: string
  at: Point
  onClose: () => void
  children: ReactNode
}

/// A small dialog at a place of the page, in the top layer: Esc or a press elsewhere closes it.
export function Popover({ label, at, onClose, children }: Props) {
  const ref = useRef<HTMLDivElement>(null)
  const before = useRef<Element | null>(null)
  useLayoutEffect(() => {
    const box = ref.current
    if (!box) return
    before.current ??= document.activeElement
    box.showPopover?.()
    const { width, height } = box.getBoundingClientRect()
    box.style.left = `${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`
    box.style.top = `${Math.max(8, at.y + height + 8 > innerHeight ? Math.min(at.y, innerHeight - 8) - height : at.y)}px`
    box.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [at])
  const elsewhere = useEffectEvent((event: PointerEvent) => {
    if (!ref.current?.contains(event.target as Node)) onClose()
  })
  useEffect(() => {
    const pressed = (event: PointerEvent) => elsewhere(event)
    addEventListener('pointerdown', pressed, true)
    return () => removeEventListener('pointerdown', pressed, true)
  }, [])
  return (
    <div
      ref={ref}
      popover="manual"
      role="dialog"
      aria-label={label}
      className={styles.menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        onClose()
        if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true })
      }}
    >
      {children}
    </div>
  )
}
