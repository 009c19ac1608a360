/// Connects the socket to the query cache. The current cursor is fetched from `/sync` before anything else,
/// so that the socket delivers whatever happens after it.

import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { perKey } from '@/lib/perKey'
import { shell } from '@/lib/shell'
import { Cursor } from './cursor'
import { applyEvents, meOf } from './events'
import { connectionOf, request } from './http'
import { keys } from './keys'
import { isAway, offlineOf, type OfflineCopy } from './offline'
import { chatsQuery, meQuery } from './queries'
import { LiveSocket, type LiveStatus } from './socket'
import type { Frame, Message, ServerFrame, SyncPage, User } from './types'

/// How often receipt is confirmed, and for how many chats at a time: the server closes a socket that says too much.
const CONFIRM_MS = 1_000
const CONFIRM_CHATS = 3
/// When it is tried again, if the server could not take it.
const CONFIRM_AGAIN_MS = 15_000
const TYPING_MS = 5_000
const SEND_TYPING_MS = 3_500

/// The live connection of one query cache.
class Live {
  socket: LiveSocket | null = null
  status: LiveStatus = 'connecting'
  /// Whether events came before: what is not stored on the server was missed since.
  wasLive = false
  lastTyping = { chat: 0, at: 0 }
  /// The newest message of each chat that came to this device and was not confirmed yet.
  readonly arrived = new Map<number, number>()
  confirming: ReturnType<typeof setTimeout> | undefined
  readonly statusListeners = new Set<() => void>()
  readonly messageListeners = new Set<(messages: Message[]) => void>()
  readonly typingTimers = new Map<string, ReturnType<typeof setTimeout>>()

  setStatus(next: LiveStatus): void {
    this.status = next
    for (const listener of this.statusListeners) listener()
  }
}

const liveOf = perKey((_: QueryClient) => new Live())

/// Starts the socket; resolves with a function that stops it, when lists may be fetched.
export async function connectLive(cache: QueryClient): Promise<() => void> {
  const state = liveOf(cache)
  const { tokens, onEnded } = connectionOf(cache)
  const { cursor } = await request<SyncPage>(cache, 'GET', '/sync')
  const copy = offlineOf(cache)
  if (!copy || copy.restoredAt === null) {
    // Shown next, and not before the cursor.
    void cache.prefetchQuery(chatsQuery)
    await cache.fetchQuery(meQuery)
  }
  // May have been restored meanwhile.
  if (copy && copy.restoredAt !== null) await replaceCopy(cache, copy)
  const live = new LiveSocket({
    url: socketUrl(cache),
    open: shell().desktop?.openSocket,
    token: async (refused) => (refused ? tokens.refresh(tokens.accessToken() ?? undefined) : (tokens.accessToken() ?? tokens.refresh())),
    onFrames: (frames) => receive(cache, frames),
    onStatus: (status) => {
      if (status === 'live') {
        if (state.wasLive) void cache.invalidateQueries({ queryKey: keys.announcement })
        state.wasLive = true
      }
      state.setStatus(status)
      // What came just before the connection broke.
      if (isLive(status)) confirmSoon(cache)
    },
    onEnded,
    poll: (cursor, wait, signal) => request<SyncPage>(cache, 'GET', '/sync', { query: { cursor, wait }, signal }),
  }, new Cursor(cursor))
  state.socket = live
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
    if (state.socket !== live) return
    state.socket = null
    // The next connection may be somebody else's.
    state.arrived.clear()
    clearTimeout(state.confirming)
    state.confirming = undefined
  }
}

/// The copy on this device belongs to somebody who is not signed in any more.
export class OtherAccountError extends Error {}

/// What is shown from the copy on this device is the server's from here on: fetched after the cursor, and before any event.
async function replaceCopy(cache: QueryClient, copy: OfflineCopy): Promise<void> {
  const before = meOf(cache)
  const me = await request<User>(cache, 'GET', '/users/me')
  if (me.id !== before) {
    await copy.forget()
    throw new OtherAccountError()
  }
  cache.setQueryData<User>(keys.me, me)
  await cache.fetchQuery({ ...chatsQuery, staleTime: 0 })
  copy.replaced()
  void cache.invalidateQueries({ predicate: ({ queryKey }) => !FRESH.includes(queryKey[0]) })
}

/// What is fetched already, fetched on its own, or never changes.
const FRESH: unknown[] = ['me', 'chats', 'history', 'blob', 'typing']

/// The socket's address on the server of this cache.
export function socketUrl(cache: QueryClient): string {
  return `${(connectionOf(cache).server || location.origin).replace(/^http/, 'ws')}/ws`
}

/// Called on every key press; throttled.
export function sendTyping(cache: QueryClient, chat: number): void {
  const live = liveOf(cache)
  if (live.lastTyping.chat === chat && Date.now() - live.lastTyping.at < SEND_TYPING_MS) return
  live.lastTyping = { chat, at: Date.now() }
  live.socket?.send('typing', { chat_id: chat })
}

/// Tells the server whether the user is active, for their presence.
export function sendPresence(cache: QueryClient, status: 'online' | 'away'): void {
  liveOf(cache).socket?.send('presence', { status })
}

export const reconnect = (cache: QueryClient) => liveOf(cache).socket?.wake()

/// Subscribes to incoming messages; for announcing them. What was missed during an interruption comes together.
export function onMessages(cache: QueryClient, listener: (messages: Message[]) => void): () => void {
  const { messageListeners } = liveOf(cache)
  messageListeners.add(listener)
  return () => messageListeners.delete(listener)
}

export const onMessage = (cache: QueryClient, listener: (message: Message) => void) => onMessages(cache, (messages) => messages.forEach(listener))

export function onStatus(cache: QueryClient, listener: () => void): () => void {
  const { statusListeners } = liveOf(cache)
  statusListeners.add(listener)
  return () => statusListeners.delete(listener)
}

/// The server could not be reached for a first connection.
export const setAway = (cache: QueryClient) => liveOf(cache).setStatus('waiting')

export const liveStatus = (cache: QueryClient) => liveOf(cache).status

/// Whether events arrive, by a socket or by polling.
export const isLive = (status: LiveStatus) => status === 'live' || status === 'polling'

export function useLiveStatus(): LiveStatus {
  const cache = useQueryClient()
  return useSyncExternalStore((listener) => onStatus(cache, listener), () => liveStatus(cache), () => 'connecting')
}

/// The draft was sent: the next key press counts as a new start.
export function resetTyping(cache: QueryClient): void {
  liveOf(cache).lastTyping = { chat: 0, at: 0 }
}

function receive(cache: QueryClient, frames: Frame[]): void {
  applyEvents(cache, frames)
  offlineOf(cache)?.heard(frames)
  for (const { event, data } of frames as ServerFrame[]) {
    if (event === 'typing') typing(cache, data)
    if (event !== 'message.created') continue
    stopTyping(cache, data.chat_id, data.author_id)
    confirm(cache, data)
  }
  announceMessages(cache, remaining(frames as ServerFrame[]))
}

/// The messages that came with these frames, as they are at the end: without those that were deleted or hidden.
function remaining(frames: ServerFrame[]): Message[] {
  const messages = new Map<number, Message>()
  for (const { event, data } of frames) {
    if (event === 'message.created' || (event === 'message.updated' && messages.has(data.id))) messages.set(data.id, data)
    if (event === 'message.deleted' || event === 'message.hidden') messages.delete(data.id)
    if (event === 'messages.deleted') for (const id of data.ids) messages.delete(id)
  }
  return [...messages.values()]
}

/// Tells the server that a message came to this device, for those who wrote it.
function confirm(cache: QueryClient, message: Message): void {
  if (message.author_id === meOf(cache)) return
  const { arrived } = liveOf(cache)
  arrived.set(message.chat_id, Math.max(message.id, arrived.get(message.chat_id) ?? 0))
  confirmSoon(cache)
}

function confirmSoon(cache: QueryClient, pause = CONFIRM_MS): void {
  const live = liveOf(cache)
  if (live.arrived.size > 0) live.confirming ??= setTimeout(() => void confirmArrived(cache, live), pause)
}

/// By the socket, or by requests while events are polled; without either it waits for a connection.
async function confirmArrived(cache: QueryClient, live: Live): Promise<void> {
  const { arrived, socket } = live
  let pause = CONFIRM_MS
  if (isLive(live.status)) {
    await Promise.all([...arrived].slice(0, CONFIRM_CHATS).map(async ([chat_id, message_id]) => {
      if (live.status === 'live') socket?.send('delivered', { chat_id, message_id })
      else {
        // What the server refuses is not told again.
        const away = await request(cache, 'POST', `/chats/${chat_id}/delivered`, { body: { message_id } }).then(() => false, isAway)
        if (away) return void (pause = CONFIRM_AGAIN_MS)
      }
      // A newer one may have come meanwhile.
      if (arrived.get(chat_id) === message_id) arrived.delete(chat_id)
    }))
  }
  if (live.socket !== socket) return
  live.confirming = undefined
  if (isLive(live.status)) confirmSoon(cache, pause)
}

/// Tells every listener of messages that came.
export function announceMessages(cache: QueryClient, messages: Message[]): void {
  if (messages.length > 0) for (const listener of liveOf(cache).messageListeners) listener(messages)
}

function typing(cache: QueryClient, { chat_id, user_id }: { chat_id: number; user_id: number }): void {
  if (user_id === meOf(cache)) return
  const who = `${chat_id}:${user_id}`
  const { typingTimers } = liveOf(cache)
  clearTimeout(typingTimers.get(who))
  typingTimers.set(who, setTimeout(() => stopTyping(cache, chat_id, user_id), TYPING_MS))
  cache.setQueryData<number[]>(keys.typing(chat_id), (ids = []) => (ids.includes(user_id) ? ids : [...ids, user_id]))
}

function stopTyping(cache: QueryClient, chat: number, user: number): void {
  const { typingTimers } = liveOf(cache)
  clearTimeout(typingTimers.get(`${chat}:${user}`))
  typingTimers.delete(`${chat}:${user}`)
  cache.setQueryData<number[]>(keys.typing(chat), (ids) => ids?.filter((id) => id !== user))
}
