/// Connects the socket to the query cache. The current cursor is fetched from `/sync` before anything else,
/// so that the socket delivers whatever happens after it.

import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { Cursor } from './cursor'
import { applyEvents, meOf } from './events'
import { request } from './http'
import { keys } from './keys'
import { meQuery } from './queries'
import { accessToken, endSession, refresh } from './session'
import { LiveSocket, type LiveStatus } from './socket'
import type { Frame, Message, SyncPage } from './types'

const TYPING_MS = 5_000
const SEND_TYPING_MS = 3_500

let socket: LiveSocket | null = null
let status: LiveStatus = 'connecting'
const statusListeners = new Set<() => void>()
const messageListeners = new Set<(message: Message) => void>()
const typingTimers = new Map<string, ReturnType<typeof setTimeout>>()

/// Starts the socket; resolves with a function that stops it, when lists may be fetched.
export async function connectLive(cache: QueryClient): Promise<() => void> {
  const { cursor } = await request<SyncPage>('GET', '/sync')
  await cache.fetchQuery(meQuery)
  const live = new LiveSocket({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
    token: async (refused) => (refused ? refresh(accessToken()) : (accessToken() ?? refresh())),
    onFrames: (frames) => receive(cache, frames),
    onStatus: setStatus,
    onEnded: endSession,
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

let lastTyping = { chat: 0, at: 0 }

/// Called on every key press; throttled.
export function sendTyping(chat: number): void {
  if (lastTyping.chat === chat && Date.now() - lastTyping.at < SEND_TYPING_MS) return
  lastTyping = { chat, at: Date.now() }
  socket?.send('typing', { chat_id: chat })
}

export const reconnect = () => socket?.wake()

/// Subscribes to incoming messages; for announcing them.
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

/// The draft was sent: the next key press counts as a new start.
export function resetTyping(): void {
  lastTyping = { chat: 0, at: 0 }
}

function setStatus(next: LiveStatus): void {
  status = next
  for (const listener of statusListeners) listener()
}

function receive(cache: QueryClient, frames: Frame[]): void {
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
  clearTimeout(typingTimers.get(who))
  typingTimers.set(who, setTimeout(() => stopTyping(cache, chat_id, user_id), TYPING_MS))
  cache.setQueryData<number[]>(keys.typing(chat_id), (ids = []) => (ids.includes(user_id) ? ids : [...ids, user_id]))
}

function stopTyping(cache: QueryClient, chat: number, user: number): void {
  clearTimeout(typingTimers.get(`${chat}:${user}`))
  typingTimers.delete(`${chat}:${user}`)
  cache.setQueryData<number[]>(keys.typing(chat), (ids) => ids?.filter((id) => id !== user))
}
