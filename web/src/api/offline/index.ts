/// Keeps a copy of the chat list and of opened chats on this device, and shows it while the server is away.
///
/// What comes from the copy is marked (`History.copiedAt`, `restoredAt`): no event is applied to it, because the events
/// between its writing and the connection's cursor are not known, and it is replaced as a whole once the server answers.

import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { instant } from '@/lib/dates'
import { change, drop, tombstone, type History } from '../history'
import { ApiError } from '../http'
import { keys } from '../keys'
import type { Chat, Frame, Member, Message, ServerFrame, User } from '../types'
import { openOffline, type Room } from './store'

const SAVE_AFTER_MS = 1_000
const TOUCH_MS = 60_000

export class OfflineCopy {
  room: Room = 'kept'
  /// When the shown chat list was saved, until the server answers.
  restoredAt: number | null = null
  /// Whether the server cannot be reached now.
  away = false
  private wasCurrent = false
  private readonly store
  private readonly listeners = new Set<() => void>()
  private readonly changed = new Set<'chats' | number>()
  private isCurrent: () => boolean = () => false
  private timer: ReturnType<typeof setTimeout> | undefined
  /// Counts the times that the copy was removed: what was begun before is not written after.
  private removals = 0
  /// One write after the other: none overtakes the removal.
  private writing: Promise<void> = Promise.resolve()

  constructor(private readonly cache: QueryClient, name: string) {
    this.store = openOffline(name, (room) => {
      this.room = room
      this.notify()
    })
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  /// Shows the copied chat list; false if there is none. `wanted` says whether it still is, once it is read.
  async restore(wanted: () => boolean): Promise<boolean> {
    const { removals } = this
    const [owner, chats] = await Promise.all([this.store.owner(), this.store.chats()])
    if (!owner || removals !== this.removals || !wanted()) return false
    this.restoredAt = owner.at
    this.cache.setQueryData<User>(keys.me, owner.me)
    this.cache.setQueryData<Chat[]>(keys.chats, chats.map((chat) => ({ ...chat, last_message: chat.last_message && lasting(chat.last_message) ? chat.last_message : null })))
    this.notify()
    return true
  }

  /// The connection has its cursor, and the chat list was fetched after it. Histories that were loaded before
  /// may lack what happened between: they count as copies until they are fetched anew.
  replaced(): void {
    if (this.restoredAt === null) return
    const at = this.restoredAt
    this.restoredAt = null
    this.cache.setQueriesData<History>({ queryKey: ['history'] }, (history) => history && { copiedAt: at, ...history })
    this.notify()
  }

  /// The copied messages of a chat, with its members where they are not known.
  async history(chat: number): Promise<History | null> {
    const [copy, owner] = await Promise.all([this.store.history(chat), this.store.owner()])
    if (!copy) return null
    if (copy.members && !this.cache.getQueryData(keys.members(chat))) {
      this.cache.setQueryData<Member[]>(keys.members(chat), copy.members)
      void this.cache.invalidateQueries({ queryKey: keys.members(chat), refetchType: 'none' })
    }
    const copiedAt = owner?.current.includes(chat) ? Math.max(owner.at, copy.at) : copy.at
    return { items: copy.items.filter(lasting), hasOlder: copy.hasOlder, hasNewer: false, copiedAt }
  }

  /// Saves what changes from now on, while it is current. Returns a function that stops it.
  start(isCurrent: () => boolean): () => void {
    this.isCurrent = isCurrent
    const unsubscribe = this.cache.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'success') this.note(event.query.queryKey)
    })
    const touch = () => {
      if (this.isCurrent()) void this.touch()
    }
    const minute = setInterval(touch, TOUCH_MS)
    const leave = () => void this.save()
    addEventListener('pagehide', leave)
    for (const query of this.cache.getQueryCache().getAll()) this.note(query.queryKey)
    return () => {
      unsubscribe()
      clearInterval(minute)
      clearTimeout(this.timer)
      removeEventListener('pagehide', leave)
      this.isCurrent = () => false
    }
  }

  /// Messages and chats that are deleted disappear from the copy too, though they are not loaded.
  heard(frames: Frame[]): void {
    for (const { event, data } of frames as ServerFrame[]) {
      if (event === 'chat.removed') void this.write(() => this.store.removeHistory(data.id))
      if (event === 'message.deleted') void this.remove(data.chat_id, [data.id], true)
      if (event === 'messages.deleted') void this.remove(data.chat_id, data.ids, true)
      if (event === 'message.hidden') void this.remove(data.chat_id, [data.id], false)
    }
  }

  /// The connection was lost: until now all was current.
  left(): void {
    if (this.wasCurrent) void this.touch()
    this.wasCurrent = false
  }

  /// Removes the copy: the session is over.
  async forget(): Promise<void> {
    this.removals += 1
    clearTimeout(this.timer)
    this.changed.clear()
    this.restoredAt = null
    this.notify()
    await (this.writing = this.writing.then(() => this.store.clear()))
  }

  /// Writes what changed; at once when the page goes away.
  async save(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    if (!this.isCurrent()) return
    this.wasCurrent = true
    if (this.changed.size === 0) return
    const changed = [...this.changed]
    this.changed.clear()
    // The owner first: it makes sure that nothing of another account is left.
    await this.touch()
    for (const what of changed) await this.write(() => this.saveOne(what))
  }

  private async saveOne(what: 'chats' | number): Promise<void> {
    if (what === 'chats') {
      const chats = this.cache.getQueryData<Chat[]>(keys.chats)
      if (chats) await this.store.setChats(chats)
      return
    }
    const history = this.loaded(what)
    if (!history) return
    const members = this.cache.getQueryData<Member[]>(keys.members(what)) ?? null
    await this.store.setHistory({ chat: what, at: Date.now(), items: history.items.slice(-100), hasOlder: history.hasOlder, members })
  }

  private write(work: () => Promise<void>): Promise<void> {
    const { removals } = this
    return (this.writing = this.writing.then(() => (removals === this.removals ? work() : undefined)))
  }

  private note(key: readonly unknown[]): void {
    const [kind, chat] = key
    if (kind === 'chats' || kind === 'me') this.changed.add('chats')
    else if ((kind === 'history' || kind === 'members') && typeof chat === 'number') this.changed.add(chat)
    else return
    this.timer ??= setTimeout(() => void this.save(), SAVE_AFTER_MS)
  }

  /// Notes that everything is current now.
  private async touch(): Promise<void> {
    const me = this.cache.getQueryData<User>(keys.me)
    if (!me) return
    const current = this.cache.getQueryCache().findAll({ queryKey: ['history'] })
      .map(({ queryKey }) => queryKey[1] as number).filter((chat) => this.loaded(chat))
    await this.write(() => this.store.setOwner({ me, at: Date.now(), current }))
  }

  /// A history that reaches to the newest message and is not a copy itself.
  private loaded(chat: number): History | undefined {
    const history = this.cache.getQueryData<History>(keys.history(chat))
    return history && !history.hasNewer && history.copiedAt === undefined ? history : undefined
  }

  private async remove(chat: number, ids: number[], leaveTrace: boolean): Promise<void> {
    if (this.loaded(chat)) return
    const copy = await this.store.history(chat)
    if (!copy) return
    const history = ids.reduce<History>((now, id) => (leaveTrace ? change(now, id, tombstone) : drop(now, id)), { ...copy, hasNewer: false })
    await this.write(() => this.store.setHistory({ ...copy, items: history.items }))
  }

  private notify(): void {
    for (const listener of this.listeners) listener()
  }
}

/// Whether a disappearing message is still there.
const lasting = ({ expires_at }: Message) => !expires_at || instant(expires_at).getTime() > Date.now()

const copies = new WeakMap<QueryClient, OfflineCopy>()

/// Gives a query cache a copy on this device. An embedded chat has none: its host does not say when somebody signs out.
export function keepOffline(cache: QueryClient, name = 'besedka.offline'): OfflineCopy {
  const copy = copies.get(cache) ?? new OfflineCopy(cache, name)
  copies.set(cache, copy)
  return copy
}

export const offlineOf = (cache: QueryClient): OfflineCopy | undefined => copies.get(cache)

/// Whether an error means that the server cannot be used now, rather than that it refuses.
export const isAway = (error: unknown) => !(error instanceof ApiError) || error.status >= 500 || error.status === 429

const unchanging = () => () => undefined

/// When the shown chat list was saved; null if it is the server's.
export function useRestoredAt(): number | null {
  const copy = offlineOf(useQueryClient())
  return useSyncExternalStore(copy?.subscribe ?? unchanging, () => copy?.restoredAt ?? null, () => null)
}

/// Whether the browser keeps the copy.
export function useRoom(): Room {
  const copy = offlineOf(useQueryClient())
  return useSyncExternalStore(copy?.subscribe ?? unchanging, () => copy?.room ?? 'kept', () => 'kept')
}
