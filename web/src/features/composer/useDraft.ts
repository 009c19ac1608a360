/// The draft of a chat or a thread: shared by the user's devices, and kept in this tab until the server has it.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { draftsQuery } from '@/api/queries'
import type { Draft, User } from '@/api/types'

const SAVE_MS = 1_200

/// Whoever signs in next in this tab finds no draft of another person.
const name = (user: number, chat: number, thread: number | null) => `besedka.draft.${user}.${chat}${thread ? `.${thread}` : ''}`

function read(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

function write(key: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(key, text)
    else sessionStorage.removeItem(key)
  } catch {
    // The draft lives as long as the field.
  }
}

export function useDraft(chat: number, thread: number | null = null): [string, (text: string) => void] {
  const cache = useQueryClient()
  const key = name(cache.getQueryData<User>(keys.me)?.id ?? 0, chat, thread)
  const { data: drafts } = useQuery(draftsQuery)
  const kept = drafts?.find((one) => one.chat_id === chat && (one.thread_id ?? null) === thread)?.content ?? ''
  const [text, setText] = useState(() => read(key) || kept)
  const latest = useRef(text)
  /// Changed here since the server last had it.
  const dirty = useRef(read(key) !== '')
  const { mutate } = useMutation({
    meta: { quiet: true },
    mutationFn: (content: string, { client }) => (content.trim()
      ? request<Draft>(client, 'PUT', `/chats/${chat}/draft`, { body: { content, thread_id: thread } })
      : request<undefined>(client, 'DELETE', `/chats/${chat}/draft`, { query: { thread_id: thread } })),
    onSuccess: (saved, content) => {
      cache.setQueryData<Draft[]>(keys.drafts, (all) => {
        const others = all?.filter((one) => !(one.chat_id === chat && (one.thread_id ?? null) === thread))
        return others && (saved ? [...others, saved] : others)
      })
      if (content !== latest.current) return
      dirty.current = false
      write(key, '')
    },
  })

  // Written on another device, while nothing was written here.
  const adopt = useEffectEvent((content: string) => {
    if (dirty.current || content === latest.current) return
    latest.current = content
    setText(content)
  })
  useEffect(() => adopt(kept), [kept])

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const flush = useEffectEvent(() => {
    clearTimeout(timer.current)
    if (dirty.current) mutate(latest.current)
  })
  useEffect(() => () => flush(), [])

  return [text, (next) => {
    const wasKept = kept !== '' || dirty.current
    latest.current = next
    dirty.current = true
    setText(next)
    write(key, next)
    clearTimeout(timer.current)
    // A sent message leaves no draft: at once, for the other devices.
    if (next === '' && wasKept) mutate('')
    else timer.current = setTimeout(() => mutate(latest.current), SAVE_MS)
  }]
}
