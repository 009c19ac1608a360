/// The scroll position of a chat: opens at the first unread message or at the end, stays in place when
/// older messages are loaded, follows new ones at the end.

import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Row } from './rows'

const END_PX = 80
const SOON = 8

interface Pages {
  hasOlder: boolean
  hasNewer: boolean
  loadOlder: () => Promise<void>
  loadNewer: () => Promise<void>
}

export function useScroll(rows: Row[], unsent: number, { hasOlder, hasNewer, loadOlder, loadNewer }: Pages, target: number | null) {
  const ref = useRef<HTMLDivElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  const [settled, setSettled] = useState(false)

  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler is not used; the rows are read on every render
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => ref.current,
    estimateSize: (index) => (rows[index]?.message.type === 'image' ? 260 : 56),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 10,
    anchorTo: 'end',
    followOnAppend: !hasNewer,
    scrollEndThreshold: END_PX,
    paddingStart: 12,
    paddingEnd: 12,
    onChange: (instance) => setAtEnd(instance.isAtEnd(END_PX)),
  })

  const empty = rows.length === 0
  useLayoutEffect(() => {
    if (empty || settled) return
    const first = rows.findIndex((row) => row.unread)
    if (target !== null) return
    if (first >= 0) virtualizer.scrollToIndex(first, { align: 'start' })
    else virtualizer.scrollToEnd()
    const timer = setTimeout(() => setSettled(true), 150)
    return () => clearTimeout(timer)
  }, [empty, settled, rows, virtualizer, target])

  useEffect(() => {
    if (settled && hasOlder && (virtualizer.range?.startIndex ?? SOON) < SOON) void loadOlder()
    if (settled && hasNewer && (virtualizer.range?.endIndex ?? 0) >= rows.length - SOON) void loadNewer()
  })

  /// Puts a row into the middle. Rows are measured as they come into view, so the place is corrected until it stays.
  const show = useCallback((index: number) => {
    let left = 8
    const step = () => {
      virtualizer.scrollToIndex(index, { align: 'center' })
      left -= 1
      if (left > 0) requestAnimationFrame(step)
      else setSettled(true)
    }
    step()
  }, [virtualizer])

  useEffect(() => {
    const frame = ref.current
    if (!frame) return
    let height = frame.clientHeight
    // Keeps the bottom in view when a keyboard opens or the composer grows.
    const observer = new ResizeObserver(() => {
      frame.scrollTop += height - frame.clientHeight
      height = frame.clientHeight
    })
    observer.observe(frame)
    return () => observer.disconnect()
  }, [])

  const before = useRef(unsent)
  useEffect(() => {
    // The user's own message is always scrolled into view.
    const added = unsent > before.current
    before.current = unsent
    if (!added) return
    // A tall one is measured only once it is drawn.
    let left = 6
    let frame = 0
    const step = () => {
      virtualizer.scrollToEnd()
      if (left-- > 0) frame = requestAnimationFrame(step)
    }
    step()
    return () => cancelAnimationFrame(frame)
  }, [unsent, virtualizer])

  const toEnd = useCallback(() => virtualizer.scrollToEnd({ behavior: rows.length > 300 ? 'auto' : 'smooth' }), [virtualizer, rows.length])
  /// The same after the rows were replaced: they are drawn and measured in the next frames.
  const toNewEnd = useCallback(() => {
    let left = 8
    const step = () => {
      virtualizer.scrollToEnd()
      if (left-- > 0) requestAnimationFrame(step)
    }
    requestAnimationFrame(step)
  }, [virtualizer])
  return { ref, virtualizer, atEnd, settled, toEnd, toNewEnd, show }
}
