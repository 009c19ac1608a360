/// The pictures of a chat around one: those that are loaded, and older ones as they are needed.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { History } from '@/api/history'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Message } from '@/api/types'

const PAGE = 30

export function usePictures(first: Message) {
  const cache = useQueryClient()
  const [shown, setShown] = useState(first)
  const [pictures, setPictures] = useState(() => {
    const loaded = cache.getQueryData<History>(keys.history(first.chat_id))?.items.filter((one) => one.type === 'image' && !one.deleted) ?? []
    return loaded.some(({ id }) => id === first.id) ? loaded : [first]
  })
  const [isOldest, setOldest] = useState(false)
  const at = pictures.findIndex(({ id }) => id === shown.id)
  const oldest = pictures[0]!.id
  const needed = at === 0 && !isOldest

  useEffect(() => {
    // A picture that is not sent yet is in no list of the server's.
    if (!needed || oldest === Number.MAX_SAFE_INTEGER) return
    const end = new AbortController()
    request<Message[]>(cache, 'GET', `/chats/${first.chat_id}/media`, { query: { type: 'image', before_id: oldest, limit: PAGE }, signal: end.signal })
      .then((page) => {
        if (page.length < PAGE) setOldest(true)
        const older = page.filter((one) => one.type === 'image' && one.id < oldest).sort((a, b) => a.id - b.id)
        setPictures((now) => [...older, ...now])
        if (older.length === 0) setOldest(true)
      })
      // Without the server there are those that are loaded.
      .catch(() => undefined)
    return () => end.abort()
  }, [needed, oldest, cache, first.chat_id])

  const step = (by: 1 | -1) => {
    const next = pictures[at + by]
    if (next) setShown(next)
    return next !== undefined
  }
  return { shown, step, hasPrevious: at > 0, hasNext: at >= 0 && at < pictures.length - 1 }
}
