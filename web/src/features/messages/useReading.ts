/// Marks messages read once they are in view in a focused, visible page.

import type { Virtualizer } from '@tanstack/react-virtual'
import { useEffect, useEffectEvent, useState } from 'react'
import { useMarkRead } from '@/api/actions'
import type { Chat } from '@/api/types'
import type { Row } from './rows'

const LOOK_MS = 300

export function useReading(chat: Chat, rows: Row[], virtualizer: Virtualizer<HTMLDivElement, Element>, settled: boolean): void {
  const looking = useLooking()
  const { mutate } = useMarkRead(chat.id)
  const last = virtualizer.range ? rows.slice(0, virtualizer.range.endIndex + 1).findLast((row) => !row.entry) : undefined
  const seen = last?.message.id ?? 0
  const unread = chat.unread_count > 0 && seen > (chat.last_read_message_id ?? 0)
  const mark = useEffectEvent(() => mutate(seen))

  useEffect(() => {
    if (!looking || !unread || !settled) return
    const timer = setTimeout(mark, LOOK_MS)
    return () => clearTimeout(timer)
  }, [looking, unread, seen, settled])
}

function useLooking(): boolean {
  const now = () => document.visibilityState === 'visible' && document.hasFocus()
  const [looking, setLooking] = useState(now)
  useEffect(() => {
    const look = () => setLooking(now())
    addEventListener('focus', look)
    addEventListener('blur', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      removeEventListener('focus', look)
      removeEventListener('blur', look)
      document.removeEventListener('visibilitychange', look)
    }
  }, [])
  return looking
}
