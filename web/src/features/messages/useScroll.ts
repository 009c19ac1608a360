/// The scroll position of a chat: opens at the first unread message or at the end, stays in place when
/// older messages are loaded, follows new ones at the end.

import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type Key } from 'react'
import { MOST_LOADED } from '@/api/history'
import type { Row } from './rows'

const END_PX = 80
const SOON = 8
const STEADY_FRAMES = 4

interface Pages {
  hasOlder: boolean
  hasNewer: boolean
  loadOlder: () => Promise<void>
  loadNewer: () => Promise<void>
  loadNewest: () => Promise<void>
}

export function useScroll(rows: Row[], unsent: number, { hasOlder, hasNewer, loadOlder, loadNewer, loadNewest }: Pages, target: number | null) {
  const ref = useRef<HTMLDivElement>(null)
  const [atEnd, setAtEnd] = useState(true)
  const [settled, setSettled] = useState(false)

  // Another function would have all rows placed anew.
  const keyOf = useCallback((index: number) => rows[index]?.key ?? index, [rows])
  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler is not used; the rows are read on every render
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => ref.current,
    estimateSize: (index) => (rows[index]?.message.type === 'image' ? 260 : 56),
    getItemKey: keyOf,
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
  })

  // Sizes of rows that were let go are forgotten too.
  useEffect(() => {
    const sizes = virtualizer.itemSizeCache
    if (sizes.size <= rows.length + MOST_LOADED) return
    const loaded = new Set<Key>(rows.map(({ key }) => key))
    for (const key of sizes.keys()) if (!loaded.has(key)) sizes.delete(key)
  }, [rows, virtualizer])

  useEffect(() => {
    if (settled && hasOlder && (virtualizer.range?.startIndex ?? SOON) < SOON) void loadOlder()
    if (settled && hasNewer && (virtualizer.range?.endIndex ?? 0) >= rows.length - SOON) void loadNewer()
  })

  // Rows are measured as they come into view, which moves what is below them; so a place is aimed at in every frame
  // until it stays, and only the newest aim counts.
  const aim = useRef(0)
  const keep = useCallback((step: () => boolean) => {
    cancelAnimationFrame(aim.current)
    const next = () => {
      if (step()) aim.current = requestAnimationFrame(next)
    }
    next()
  }, [])

  /// Puts a row into the middle.
  const show = useCallback((index: number) => {
    let left = 8
    keep(() => {
      virtualizer.scrollToIndex(index, { align: 'center' })
      left -= 1
      if (left > 0) return true
      setSettled(true)
      return false
    })
  }, [keep, virtualizer])

  const missing = useRef(hasNewer)
  useLayoutEffect(() => {
    missing.current = hasNewer
  }, [hasNewer])

  /// Goes to the newest message, which is loaded if need be.
  const toEnd = useCallback(async () => {
    // Where the chat opened is left for good: two aims would pull against each other in every frame.
    setSettled(true)
    if (missing.current) await loadNewest()
    let still = 0
    keep(() => {
      // What was loaded is not drawn yet.
      if (missing.current) return true
      still = virtualizer.isAtEnd(2) ? still + 1 : 0
      if (still === 0) virtualizer.scrollToEnd()
      return still < STEADY_FRAMES
    })
  }, [keep, loadNewest, virtualizer])

  const follow = useEffectEvent(() => void toEnd().catch(() => undefined))
  const turn = useEffectEvent(() => {
    if (settled) follow()
  })
  useEffect(() => {
    const frame = ref.current
    if (!frame) return
    // Whoever scrolls goes elsewhere.
    const stop = () => {
      cancelAnimationFrame(aim.current)
      setSettled(true)
    }
    const moves = ['wheel', 'touchmove', 'keydown', 'pointerdown'] as const
    for (const move of moves) frame.addEventListener(move, stop, { passive: true })
    let { clientHeight: height, clientWidth: width } = frame
    let ended = true
    const note = () => {
      if (frame.clientWidth === width) ended = frame.scrollHeight - frame.scrollTop - frame.clientHeight <= END_PX
    }
    frame.addEventListener('scroll', note, { passive: true })
    // Keeps the bottom in view when a keyboard opens, the composer grows, or rows wrap anew in another width.
    const observer = new ResizeObserver(() => {
      const turned = frame.clientWidth !== width
      frame.scrollTop += height - frame.clientHeight
      height = frame.clientHeight
      width = frame.clientWidth
      if (turned && ended && !missing.current) turn()
    })
    observer.observe(frame)
    return () => {
      cancelAnimationFrame(aim.current)
      frame.removeEventListener('scroll', note)
      for (const move of moves) frame.removeEventListener(move, stop)
      observer.disconnect()
    }
  }, [])

  const before = useRef(unsent)
  useEffect(() => {
    // The user's own message is always scrolled into view.
    const added = unsent > before.current
    before.current = unsent
    if (added) follow()
  }, [unsent])

  return { ref, virtualizer, atEnd, settled, toEnd, show }
}
