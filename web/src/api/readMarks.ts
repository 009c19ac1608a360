/// Marks chats read: here at once, on the server as soon as it takes the mark. A mark never goes back.

import type { QueryClient } from '@tanstack/react-query'
import { perKey } from '@/lib/perKey'
import { changeChat, meOf } from './events'
import type { History } from './history'
import { request } from './http'
import { keys } from './keys'
import { isLive, liveStatus, onStatus } from './live'
import { isAway } from './offline'
import type { ReadMark } from './types'
import { unreadAfter } from './unread'

const FIRST_MS = 2_000
const LONGEST_MS = 60_000

class ReadMarks {
  /// The furthest mark of each chat that the server does not have yet.
  private readonly waiting = new Map<number, number>()
  private readonly sending = new Set<number>()
  /// Whose marks they are: the next one on this device may be somebody else.
  private user: number | undefined
  private tries = 0
  private again: ReturnType<typeof setTimeout> | undefined
  private stopListening: (() => void) | null = null

  constructor(private readonly cache: QueryClient) {}

  mark(chat: number, message: number): void {
    this.forgetOthers()
    if (message <= (this.waiting.get(chat) ?? 0)) return
    this.waiting.set(chat, message)
    // After a failure it waits with the others.
    if (this.again === undefined) void this.send(chat)
  }

  private forgetOthers(): void {
    const me = meOf(this.cache)
    if (me === this.user) return
    this.user = me
    this.waiting.clear()
    this.settle()
  }

  private async send(chat: number): Promise<void> {
    const message_id = this.waiting.get(chat)
    if (message_id === undefined || this.sending.has(chat)) return
    this.sending.add(chat)
    let failed = false
    try {
      await request<ReadMark>(this.cache, 'POST', `/chats/${chat}/read`, { body: { message_id } })
      this.tries = 0
    } catch (error) {
      failed = isAway(error)
      // Refused for good: only the server knows what is read.
      if (!failed) void this.cache.invalidateQueries({ queryKey: keys.chats })
    }
    this.sending.delete(chat)
    if (failed) return this.sendLater()
    if (this.waiting.get(chat) === message_id) this.waiting.delete(chat)
    else void this.send(chat)
    if (this.waiting.size === 0) this.settle()
  }

  /// After a growing pause, or when the connection is back.
  private sendLater(): void {
    if (this.again !== undefined) return
    this.again = setTimeout(this.sendAll, Math.min(FIRST_MS * 2 ** this.tries, LONGEST_MS))
    this.tries += 1
    if (this.stopListening) return
    addEventListener('online', this.sendAll)
    const unsubscribe = onStatus(this.cache, () => {
      if (isLive(liveStatus(this.cache))) this.sendAll()
    })
    this.stopListening = () => {
      removeEventListener('online', this.sendAll)
      unsubscribe()
    }
  }

  private readonly sendAll = () => {
    clearTimeout(this.again)
    this.again = undefined
    this.forgetOthers()
    for (const chat of this.waiting.keys()) void this.send(chat)
  }

  private settle(): void {
    clearTimeout(this.again)
    this.again = undefined
    this.tries = 0
    this.stopListening?.()
    this.stopListening = null
  }
}

const marksOf = perKey((cache: QueryClient) => new ReadMarks(cache))

/// Marks a chat read up to a message.
export function markRead(cache: QueryClient, chat: number, message: number): void {
  const history = cache.getQueryData<History>(keys.history(chat))
  let isFurther = true
  changeChat(cache, chat, (one) => {
    isFurther = message > (one.last_read_message_id ?? 0)
    return isFurther ? { ...one, ...unreadAfter(one, message, meOf(cache) ?? 0, history), last_read_message_id: message } : one
  })
  if (isFurther) marksOf(cache).mark(chat, message)
}
