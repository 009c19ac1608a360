import { useEffect, useRef, type PointerEvent } from 'react'
import type { Point } from '@/components/Menu'

const HOLD_MS = 450
const STILL_PX = 10

/// A long press by touch, or the right button of a mouse; over a selection or a link that keeps the browser's menu.
export function useLongPress(onHold: ((at: Point) => void) | null) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const from = useRef<Point>({ x: 0, y: 0 })
  const held = useRef(false)
  const stop = () => clearTimeout(timer.current)
  useEffect(() => () => clearTimeout(timer.current), [])

  return onHold && {
    onPointerDown: ({ pointerType, clientX: x, clientY: y }: PointerEvent) => {
      held.current = false
      if (pointerType !== 'touch') return
      from.current = { x, y }
      timer.current = setTimeout(() => {
        held.current = true
        onHold({ x, y })
      }, HOLD_MS)
    },
    onPointerMove: ({ clientX, clientY }: PointerEvent) => {
      if (Math.hypot(clientX - from.current.x, clientY - from.current.y) > STILL_PX) stop()
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onContextMenu: (event: { preventDefault: () => void; nativeEvent: Event }) => {
      const { pointerType, target, clientX: x, clientY: y } = event.nativeEvent as globalThis.PointerEvent
      if (pointerType === 'touch') return event.preventDefault()
      const selected = getSelection()?.toString() !== ''
      if (selected || (target as Element).closest('a, input, video')) return
      event.preventDefault()
      onHold({ x, y })
    },
    onClickCapture: (event: { preventDefault: () => void; stopPropagation: () => void }) => {
      // The end of a long press is not a click.
      if (!held.current) return
      held.current = false
      event.preventDefault()
      event.stopPropagation()
    },
  }
}
