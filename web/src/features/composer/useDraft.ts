/// The draft of a chat or a thread: shared by the user's devices, and kept in this tab until the server has it.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { draftRemoved, draftSaved } from '@/api/drafts'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { useUnsentOf } from '@/api/outbox'
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
  // With these the server removes the draft: what is written meanwhile is saved after them.
  const sending = useUnsentOf(chat).filter((entry) => entry.clear_draft && entry.state === 'waiting' && (entry.thread_id ?? null) === thread)
  const saved = drafts?.find((one) => one.chat_id === chat && (one.thread_id ?? null) === thread)?.content ?? ''
  const kept = sending.some(({ content }) => content === saved.trim()) ? '' : saved
  const [text, setText] = useState(() => read(key) || kept)
  const latest = useRef(text)
  /// Changed here since the server last had it.
  const dirty = useRef(read(key) !== '')
  /// What was last sent or erased here: a save that was under way does not bring it back.
  const cleared = useRef<string | null>(null)
  const { mutate } = useMutation({
    meta: { quiet: true },
    // One after another: an older text does not overtake what came after it.
    scope: { id: key },
    mutationFn: (content: string, { client }) => (content.trim()
      ? request<Draft>(client, 'PUT', `/chats/${chat}/draft`, { body: { content, thread_id: thread } })
      : request<undefined>(client, 'DELETE', `/chats/${chat}/draft`, { query: { thread_id: thread } })),
    onSuccess: (answer, content) => {
      // What was written since is saved next.
      if (content !== latest.current) return
      if (answer) draftSaved(cache, answer)
      else draftRemoved(cache, { chat_id: chat, thread_id: thread })
      dirty.current = false
      write(key, '')
    },
    onError: (_, content) => {
      if (content === '' && latest.current === '') dirty.current = false
    },
  })

  // Written on another device, while nothing was written here.
  const adopt = useEffectEvent((content: string) => {
    if (dirty.current || content === latest.current || content.trim() === cleared.current) return
    latest.current = content
    setText(content)
  })
  useEffect(() => adopt(kept), [kept])

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const isHeld = useRef(false)
  const flush = useEffectEvent(() => {
    clearTimeout(timer.current)
    if (dirty.current && latest.current !== '' && !isHeld.current) mutate(latest.current)
  })
  const held = sending.length > 0
  useEffect(() => {
    const wasHeld = isHeld.current
    isHeld.current = held
    if (wasHeld && !held) flush()
  }, [held])
  useEffect(() => () => flush(), [])

  return [text, (next) => {
    const wasKept = saved !== '' || dirty.current
    cleared.current = next === '' ? latest.current.trim() : null
    latest.current = next
    dirty.current = next !== '' || wasKept
    setText(next)
    write(key, next)
    clearTimeout(timer.current)
    if (next !== '') timer.current = setTimeout(() => { if (!isHeld.current) mutate(latest.current) }, SAVE_MS)
    if (next !== '' || !wasKept) return
    // A sent message leaves no draft: at once, for the other devices.
    draftRemoved(cache, { chat_id: chat, thread_id: thread })
    mutate('')
  }]
}
