/// Marks messages read once they are in view in a focused, visible page.

import { useIsFetching, useQueryClient } from '@tanstack/react-query'
import type { Virtualizer } from '@tanstack/react-virtual'
import { useEffect, useEffectEvent, useState } from 'react'
import { keys } from '@/api/keys'
import { markRead } from '@/api/readMarks'
import type { Chat } from '@/api/types'
import type { Row } from './rows'

const LOOK_MS = 300

export function useReading(chat: Chat, rows: Row[], virtualizer: Virtualizer<HTMLDivElement, Element>, settled: boolean): void {
  const looking = useLooking()
  const cache = useQueryClient()
  const last = virtualizer.range ? rows.slice(0, virtualizer.range.endIndex + 1).findLast((row) => !row.entry) : undefined
  const seen = last?.message.id ?? 0
  const unread = chat.unread_count > 0 && seen > (chat.last_read_message_id ?? 0)
  // After an interruption there may be more between what is shown and a message that was just sent.
  const loading = useIsFetching({ queryKey: keys.history(chat.id) }) > 0
  const mark = useEffectEvent(() => markRead(cache, chat.id, seen))

  useEffect(() => {
    if (!looking || !unread || !settled || loading) return
    const timer = setTimeout(mark, LOOK_MS)
    return () => clearTimeout(timer)
  }, [looking, unread, seen, settled, loading])
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
