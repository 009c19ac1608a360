/// Joins the socket with the query cache. `/sync` is asked for the present cursor before anything else
/// is fetched, so that whatever happens after it is told by the socket.

import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { Cursor } from './cursor'
import { applyEvents, meOf } from './events'
import { request } from './http'
import { keys } from './keys'
import { meQuery } from './queries'
import { accessToken, forget, refresh } from './session'
import { LiveSocket, type LiveStatus } from './socket'
import type { Frame, Message, SyncPage } from './types'

const TYPING_MS = 5_000
const SAY_TYPING_MS = 3_500

let socket: LiveSocket | null = null
let status: LiveStatus = 'connecting'
const statusListeners = new Set<() => void>()
const messageListeners = new Set<(message: Message) => void>()
const typists = new Map<string, ReturnType<typeof setTimeout>>()

/// Starts hearing; resolves when lists may be fetched. The answer stops it.
export async function goLive(cache: QueryClient): Promise<() => void> {
  const { cursor } = await request<SyncPage>('GET', '/sync')
  await cache.fetchQuery(meQuery)
  const live = new LiveSocket({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
    token: async (refused) => (refused ? refresh(accessToken()) : (accessToken() ?? refresh())),
    onFrames: (frames) => hear(cache, frames),
    onStatus: tell,
    onEnded: forget,
  }, new Cursor(cursor))
  socket = live
  live.start()

  const wake = () => {
    if (document.visibilityState === 'visible') live.wake()
  }
  addEventListener('online', wake)
  addEventListener('focus', wake)
  document.addEventListener('visibilitychange', wake)
  return () => {
    removeEventListener('online', wake)
    removeEventListener('focus', wake)
    document.removeEventListener('visibilitychange', wake)
    live.stop()
    if (socket === live) socket = null
  }
}

let toldTyping = { chat: 0, at: 0 }

/// Called on every key; the server hears of it now and then.
export function sayTyping(chat: number): void {
  if (toldTyping.chat === chat && Date.now() - toldTyping.at < SAY_TYPING_MS) return
  toldTyping = { chat, at: Date.now() }
  socket?.send('typing', { chat_id: chat })
}

export const wakeLive = () => socket?.wake()

/// Messages as they are heard live; for announcing them.
export function onMessage(listener: (message: Message) => void): () => void {
  messageListeners.add(listener)
  return () => messageListeners.delete(listener)
}

export function onStatus(listener: () => void): () => void {
  statusListeners.add(listener)
  return () => statusListeners.delete(listener)
}

export const liveStatus = () => status
export const useLiveStatus = () => useSyncExternalStore(onStatus, liveStatus)

/// What was being typed is sent: the next key begins anew.
export function doneTyping(): void {
  toldTyping = { chat: 0, at: 0 }
}

function tell(next: LiveStatus): void {
  status = next
  for (const listener of statusListeners) listener()
}

function hear(cache: QueryClient, frames: Frame[]): void {
  applyEvents(cache, frames)
  for (const { event, data } of frames) {
    if (event === 'typing') typing(cache, data as { chat_id: number; user_id: number })
    if (event !== 'message.created') continue
    const message = data as Message
    stopTyping(cache, message.chat_id, message.author_id)
    for (const listener of messageListeners) listener(message)
  }
}

function typing(cache: QueryClient, { chat_id, user_id }: { chat_id: number; user_id: number }): void {
  if (user_id === meOf(cache)) return
  const who = `${chat_id}:${user_id}`
  clearTimeout(typists.get(who))
  typists.set(who, setTimeout(() => stopTyping(cache, chat_id, user_id), TYPING_MS))
  cache.setQueryData<number[]>(keys.typing(chat_id), (ids = []) => (ids.includes(user_id) ? ids : [...ids, user_id]))
}

function stopTyping(cache: QueryClient, chat: number, user: number): void {
  clearTimeout(typists.get(`${chat}:${user}`))
  typists.delete(`${chat}:${user}`)
  cache.setQueryData<number[]>(keys.typing(chat), (ids) => ids?.filter((id) => id !== user))
}
