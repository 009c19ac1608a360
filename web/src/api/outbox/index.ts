/// The outbox: unsent messages for display and, in one tab at a time, the sender.

import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useMemo, useSyncExternalStore } from 'react'
import { perKey } from '@/lib/perKey'
import { uuid } from '@/lib/uuid'
import { sameDraft } from '../drafts'
import { messageCreated } from '../events'
import { connectionOf, request } from '../http'
import { keys } from '../keys'
import { isLive, liveStatus, onStatus } from '../live'
import type { CommandInvoked, Draft as SavedDraft, Message } from '../types'
import { upload } from '../upload'
import { body, inOrder, type Draft, type Entry } from './entry'
import { Sender } from './sender'
import { openOutbox, type Storage } from './store'

export type { Draft, Entry, LocalFile } from './entry'
export { asMessage } from './entry'

type TabMessage = { kind: 'changed' } | { kind: 'progress'; id: string; share: number } | { kind: 'cancel'; id: string } | { kind: 'invoked'; chat: number; command: string }

const NONE: Entry[] = []

class Outbox {
  private readonly name: string
  private readonly store
  private readonly tabs: BroadcastChannel | null
  private readonly listeners = new Set<() => void>()
  readonly onInvoked = new Set<(chat: number, command: string) => void>()
  private readonly discarded = new Set<string>()
  /// Created here, perhaps not in IndexedDB yet.
  private readonly fresh = new Map<string, Entry>()
  private user: number | null = null
  private sender: Sender | null = null
  entries: Entry[] = NONE
  progress: Record<string, number> = {}
  storage: Storage = 'kept'

  constructor(private readonly cache: QueryClient) {
    const { server } = connectionOf(cache)
    this.name = server ? `besedka:${server}` : 'besedka'
    this.store = openOutbox(this.name, (storage) => {
      this.storage = storage
      this.notify()
    })
    this.tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`${this.name}.outbox`)
    if (this.tabs) this.tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => this.receive(data)
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  start(me: number): () => void {
    this.user = me
    const end = new AbortController()
    void this.reload()
    const wake = () => this.sender?.wake()
    const unsubscribe = onStatus(this.cache, () => {
      if (isLive(liveStatus(this.cache))) wake()
    })
    addEventListener('online', wake)
    void inOneTab(`${this.name}.outbox.${me}`, end.signal, () => {
      this.sender = new Sender({
        store: this.store,
        user: me,
        post: async (entry) => {
          const options = { body: body(entry), key: entry.client_id }
          const answer = await request<Message | CommandInvoked>(this.cache, 'POST', '/messages', options)
          if (!('command' in answer)) return answer
          this.broadcast({ kind: 'invoked', chat: entry.chat_id, command: answer.command })
          return null
        },
        upload: (entry, at, signal) => {
          const { blob, name, type } = entry.files[at]!
          return upload(this.cache, blob, name, type, {
            signal,
            onProgress: (share) => this.broadcast({ kind: 'progress', id: entry.client_id, share: shareOf(entry, share * blob.size) }),
          })
        },
        onSent: (message) => messageCreated(this.cache, message),
        onChange: () => this.broadcast({ kind: 'changed' }),
      })
      wake()
    })
    return () => {
      end.abort()
      unsubscribe()
      removeEventListener('online', wake)
      this.sender?.stop()
      this.sender = null
      this.user = null
      this.entries = NONE
      this.notify()
    }
  }

  send(draft: Draft): void {
    if (this.user === null) return
    const entry: Entry = {
      client_id: uuid(),
      user_id: this.user,
      created_at: Math.max(Date.now(), (this.entries.at(-1)?.created_at ?? 0) + 1),
      chat_id: draft.chat_id,
      type: draft.type,
      content: draft.content ?? null,
      payload: draft.payload ?? null,
      files: draft.files ?? [],
      reply_to: draft.reply_to ?? null,
      ...(draft.thread_id && { thread_id: draft.thread_id }),
      ...(draft.silent && { silent: true }),
      ...(draft.mentions?.length && { mentions: draft.mentions }),
      ...(draft.clear_draft && { clear_draft: true }),
      state: 'waiting',
      error: null,
    }
    this.fresh.set(entry.client_id, entry)
    this.entries = [...this.entries, entry]
    this.notify()
    void this.store.put(entry).then(() => {
      this.fresh.delete(entry.client_id)
      this.broadcast({ kind: 'changed' })
    })
  }

  async retry(id: string): Promise<void> {
    const entry = this.entries.find((one) => one.client_id === id)
    // The server forgets files that no message has within a day; a message that it finds invalid uploads them again.
    const files = entry?.error === 'invalid' ? entry.files.map((file) => ({ ...file, attachment_id: undefined })) : undefined
    // What was written since is not what is sent.
    const isNewer = this.cache.getQueryData<SavedDraft[]>(keys.drafts)?.some((one) => entry && sameDraft(one, entry) && one.content.trim() !== entry.content)
    await this.store.change(id, { state: 'waiting', error: null, refused_file: null, ...(files && { files }), ...(isNewer && { clear_draft: false }) })
    this.broadcast({ kind: 'changed' })
  }

  /// Sends a message without the file that was refused.
  async retryWithout(id: string, at: number): Promise<void> {
    const entry = this.entries.find((one) => one.client_id === id)
    if (entry) await this.store.change(id, { files: entry.files.filter((_, index) => index !== at) })
    await this.retry(id)
  }

  async discard(id: string): Promise<void> {
    this.discarded.add(id)
    this.entries = this.entries.filter((entry) => entry.client_id !== id)
    this.notify()
    await this.store.remove(id)
    this.broadcast({ kind: 'cancel', id })
  }

  private notify(): void {
    for (const listener of this.listeners) listener()
  }

  private broadcast(change: TabMessage): void {
    this.tabs?.postMessage(change)
    this.receive(change)
  }

  private receive(change: TabMessage): void {
    if (change.kind === 'progress') {
      this.progress = { ...this.progress, [change.id]: change.share }
      return this.notify()
    }
    if (change.kind === 'invoked') return this.onInvoked.forEach((listener) => listener(change.chat, change.command))
    if (change.kind === 'cancel') this.sender?.cancel(change.id)
    void this.reload()
  }

  private async reload(): Promise<void> {
    const me = this.user
    const kept = await this.store.all()
    if (this.user !== me) return
    // On its way before it is drawn.
    void this.sender?.pump(kept)
    const all = [...kept, ...[...this.fresh.values()].filter((entry) => !kept.some((one) => one.client_id === entry.client_id))]
    this.entries = all.filter((entry) => entry.user_id === me && !this.discarded.has(entry.client_id)).sort(inOrder)
    this.progress = Object.fromEntries(this.entries.flatMap(({ client_id: id }) => (id in this.progress ? [[id, this.progress[id]!]] : [])))
    this.notify()
  }
}

const outboxOf = perKey((cache: QueryClient) => new Outbox(cache))

/// Starts showing and sending this user's unsent messages; returns a function that stops it.
export const startOutbox = (cache: QueryClient, me: number) => outboxOf(cache).start(me)

/// Stores a message and sends it as soon as possible.
export const send = (cache: QueryClient, draft: Draft) => outboxOf(cache).send(draft)

/// Calls back when a slash command was handed to its bot, and so became no message.
export function onCommandInvoked(cache: QueryClient, listener: (chat: number, command: string) => void): () => void {
  const { onInvoked } = outboxOf(cache)
  onInvoked.add(listener)
  return () => void onInvoked.delete(listener)
}

export const retry = (cache: QueryClient, id: string) => outboxOf(cache).retry(id)

export const retryWithout = (cache: QueryClient, id: string, at: number) => outboxOf(cache).retryWithout(id, at)

/// Deletes a message that is not sent yet.
export const discard = (cache: QueryClient, id: string) => outboxOf(cache).discard(id)

export async function discardAll(cache: QueryClient): Promise<void> {
  await Promise.all(outboxOf(cache).entries.map((entry) => discard(cache, entry.client_id)))
}

export function useUnsent(): Entry[] {
  const outbox = outboxOf(useQueryClient())
  return useSyncExternalStore(outbox.subscribe, () => outbox.entries, () => NONE)
}

export function useProgress(id: string): number | undefined {
  const outbox = outboxOf(useQueryClient())
  return useSyncExternalStore(outbox.subscribe, () => outbox.progress[id], () => undefined)
}

/// Whether unsent messages survive closing the tab.
export function useStorage(): Storage {
  const outbox = outboxOf(useQueryClient())
  return useSyncExternalStore(outbox.subscribe, () => outbox.storage, () => 'kept')
}

export function useUnsentOf(chat: number): Entry[] {
  const all = useUnsent()
  return useMemo(() => all.filter((entry) => entry.chat_id === chat), [all, chat])
}

/// How much of all files of an entry is uploaded, 0 to 1.
function shareOf({ files }: Entry, current: number): number {
  const all = files.reduce((sum, { blob }) => sum + blob.size, 0)
  const done = files.reduce((sum, { blob, attachment_id }) => sum + (attachment_id ? blob.size : 0), 0)
  return all > 0 ? (done + current) / all : 0
}

/// Runs `work` in one tab at a time, until the signal; the next tab takes over when this one closes.
async function inOneTab(name: string, signal: AbortSignal, work: () => void): Promise<void> {
  if (!navigator.locks) return work()
  await navigator.locks.request(name, { signal }, () => {
    work()
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }).catch(() => undefined)
}
