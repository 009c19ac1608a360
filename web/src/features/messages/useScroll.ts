/// The scroll position of a chat: opens at the first unread message or at the end, stays in place when
/// older messages are loaded, follows new ones at the end.

import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Row } from './rows'

const END_PX = 80
const SOON = 8

export function useScroll(rows: Row[], unsent: number, hasOlder: boolean, loadOlder: () => Promise<void>) {
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
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingStart: 12,
    paddingEnd: 12,
    onChange: (instance) => setAtEnd(instance.isAtEnd(END_PX)),
  })

  const empty = rows.length === 0
  useLayoutEffect(() => {
    if (empty || settled) return
    const first = rows.findIndex((row) => row.unread)
    if (first >= 0) virtualizer.scrollToIndex(first, { align: 'start' })
    else virtualizer.scrollToEnd()
    const timer = setTimeout(() => setSettled(true), 150)
    return () => clearTimeout(timer)
  }, [empty, settled, rows, virtualizer])

  useEffect(() => {
    if (settled && hasOlder && (virtualizer.range?.startIndex ?? SOON) < SOON) void loadOlder()
  })

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
    if (unsent > before.current) virtualizer.scrollToEnd()
    before.current = unsent
  }, [unsent, virtualizer])

  const toEnd = useCallback(() => virtualizer.scrollToEnd({ behavior: rows.length > 300 ? 'auto' : 'smooth' }), [virtualizer, rows.length])
  return { ref, virtualizer, atEnd, settled, toEnd }
}
