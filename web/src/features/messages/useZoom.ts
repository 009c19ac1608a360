/// Enlarges and moves a picture: wheel, pinch, double click, dragging. A swipe of the whole picture is told to `onSwipe`.

import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react'
import { WHOLE, within, zoomAt, type View } from '@/lib/zoom'

const STEP = 1.5
const CLICK_PX = 6
const SWIPE_PX = 60

interface Point {
  x: number
  y: number
}

export function useZoom(onSwipe: (by: 1 | -1) => unknown) {
  const stage = useRef<HTMLDivElement>(null)
  const picture = useRef<HTMLImageElement>(null)
  const [view, setView] = useState<View>(WHOLE)
  const change = useCallback((edit: (now: View) => View) => setView((now) => {
    const [frame, image] = [stage.current, picture.current]
    const next = edit(now)
    if (!frame || !image) return next
    return within(next, { width: image.offsetWidth, height: image.offsetHeight }, { width: frame.clientWidth, height: frame.clientHeight })
  }), [])
  const zoom = useCallback((factor: number, at: Point = { x: 0, y: 0 }) => change((now) => zoomAt(now, factor, at)), [change])
  const reset = useCallback(() => setView(WHOLE), [])
  const swipe = useEffectEvent(onSwipe)
  const scale = useEffectEvent(() => view.scale)

  useEffect(() => {
    const frame = stage.current
    if (!frame) return
    const pointers = new Map<number, Point>()
    let start: Point | null = null
    let pinched = false
    const fromMiddle = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
      const { left, top, width, height } = frame.getBoundingClientRect()
      return { x: clientX - left - width / 2, y: clientY - top - height / 2 }
    }
    const spread = () => {
      const [a, b] = [...pointers.values()] as [Point, Point]
      return { length: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } }
    }
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      // A pad's pinch comes as a wheel with Ctrl, in finer steps.
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), fromMiddle(event))
    }
    const down = (event: PointerEvent) => {
      if (event.button !== 0) return
      pointers.set(event.pointerId, fromMiddle(event))
      pinched = pointers.size > 1
      if (pointers.size === 1) start = fromMiddle(event)
      // By the picture: the click that follows is its own, not the veil's.
      if (event.target === picture.current) picture.current?.setPointerCapture(event.pointerId)
    }
    const move = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId)
      if (!before) return
      const now = fromMiddle(event)
      if (pointers.size === 2) {
        const old = spread()
        pointers.set(event.pointerId, now)
        const fresh = spread()
        if (old.length > 0) zoom(fresh.length / old.length, fresh.middle)
        return
      }
      pointers.set(event.pointerId, now)
      change((view) => ({ ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y }))
    }
    const up = (event: PointerEvent) => {
      const end = pointers.get(event.pointerId)
      pointers.delete(event.pointerId)
      if (!end || !start || pinched || pointers.size > 0) return
      const [dx, dy] = [end.x - start.x, end.y - start.y]
      start = null
      if (scale() === 1 && Math.abs(dx) > SWIPE_PX && Math.abs(dx) > 2 * Math.abs(dy)) swipe(dx < 0 ? 1 : -1)
      moved.current = Math.hypot(dx, dy) > CLICK_PX
    }
    const twice = (event: MouseEvent) => {
      if (event.target !== picture.current) return
      if (scale() > 1) reset()
      else zoom(2.5, fromMiddle(event))
    }
    frame.addEventListener('wheel', wheel, { passive: false })
    frame.addEventListener('pointerdown', down)
    frame.addEventListener('pointermove', move)
    frame.addEventListener('pointerup', up)
    frame.addEventListener('pointercancel', up)
    frame.addEventListener('dblclick', twice)
    return () => {
      frame.removeEventListener('wheel', wheel)
      frame.removeEventListener('pointerdown', down)
      frame.removeEventListener('pointermove', move)
      frame.removeEventListener('pointerup', up)
      frame.removeEventListener('pointercancel', up)
      frame.removeEventListener('dblclick', twice)
    }
  }, [change, reset, zoom])

  /// Whether the last press moved something, and so was no click.
  const moved = useRef(false)
  return { stage, picture, view, moved, reset, larger: () => zoom(STEP), smaller: () => zoom(1 / STEP) }
}
