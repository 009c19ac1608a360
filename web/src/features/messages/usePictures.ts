/// The pictures of a chat around one: those that are loaded, and older ones as they are needed.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { History } from '@/api/history'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Message } from '@/api/types'
import { kindOf } from '@/lib/media'

const PAGE = 30

/// A picture by its position among the files of a message.
export interface Picture {
  message: Message
  at: number
}

export const picturesOf = (message: Message): Picture[] => (message.deleted ? [] : message.attachments.flatMap((file, at) =>
  (kindOf(file.content_type) === 'image' && (message.type === 'image' || message.attachments.length > 1) ? [{ message, at }] : [])))

const isOne = (one: Picture, other: Picture) => one.message.id === other.message.id && one.at === other.at

export function usePictures(message: Message, position: number) {
  const cache = useQueryClient()
  const [first] = useState<Picture>({ message, at: position })
  const [shown, setShown] = useState(first)
  const [pictures, setPictures] = useState(() => {
    const loaded = cache.getQueryData<History>(keys.history(message.chat_id))?.items.flatMap(picturesOf) ?? []
    return loaded.some((one) => isOne(one, first)) ? loaded : [first]
  })
  const [isOldest, setOldest] = useState(false)
  const at = pictures.findIndex((one) => isOne(one, shown))
  const chat = message.chat_id
  const oldest = pictures[0]!.message.id
  const needed = at === 0 && !isOldest

  useEffect(() => {
    // A picture that is not sent yet is in no list of the server's.
    if (!needed || oldest === Number.MAX_SAFE_INTEGER) return
    const end = new AbortController()
    request<Message[]>(cache, 'GET', `/chats/${chat}/media`, { query: { type: 'image', before_id: oldest, limit: PAGE }, signal: end.signal })
      .then((page) => {
        if (page.length < PAGE) setOldest(true)
        const older = page.filter((one) => one.id < oldest).sort((a, b) => a.id - b.id).flatMap(picturesOf)
        setPictures((now) => [...older, ...now])
        if (older.length === 0) setOldest(true)
      })
      // Without the server there are those that are loaded.
      .catch(() => undefined)
    return () => end.abort()
  }, [needed, oldest, cache, chat])

  const step = (by: 1 | -1) => {
    const next = pictures[at + by]
    if (next) setShown(next)
    return next !== undefined
  }
  return { shown, step, hasPrevious: at > 0, hasNext: at >= 0 && at < pictures.length - 1 }
}
