/// The outbox: unsent messages for display and, in one tab at a time, the sender.

import type { QueryClient } from '@tanstack/react-query'
import { useMemo, useSyncExternalStore } from 'react'
import { uuid } from '@/lib/uuid'
import { messageCreated } from '../events'
import { request } from '../http'
import { liveStatus, onStatus } from '../live'
import type { Message } from '../types'
import { upload } from '../upload'
import { body, inOrder, type Draft, type Entry } from './entry'
import { Sender } from './sender'
import { openOutbox, type Storage } from './store'

export type { Draft, Entry } from './entry'
export { asMessage } from './entry'

type TabMessage = { kind: 'changed' } | { kind: 'progress'; id: string; share: number } | { kind: 'cancel'; id: string }

let storage: Storage = 'kept'
const store = openOutbox('besedka', (next) => {
  storage = next
  notify()
})
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('besedka.outbox')
const listeners = new Set<() => void>()
const discarded = new Set<string>()
/// Created here, perhaps not in IndexedDB yet.
const fresh = new Map<string, Entry>()
let entries: Entry[] = []
let progress: Record<string, number> = {}
let user: number | null = null
let sender: Sender | null = null

/// Starts showing and sending this user's unsent messages; returns a function that stops it.
export function startOutbox(cache: QueryClient, me: number): () => void {
  user = me
  const end = new AbortController()
  void reload()
  const wake = () => sender?.wake()
  const unsubscribe = onStatus(() => {
    if (liveStatus() === 'live') wake()
  })
  addEventListener('online', wake)
  void inOneTab(end.signal, () => {
    sender = new Sender({
      store,
      user: me,
      post: (entry) => request<Message>('POST', '/messages', { body: body(entry), key: entry.client_id }),
      upload: (entry, signal) => upload(entry.file!.blob, entry.file!.name, entry.file!.type, {
        signal,
        onProgress: (share) => broadcast({ kind: 'progress', id: entry.client_id, share }),
      }),
      onSent: (message) => messageCreated(cache, message),
      onChange: () => broadcast({ kind: 'changed' }),
    })
    wake()
  })
  return () => {
    end.abort()
    unsubscribe()
    removeEventListener('online', wake)
    sender?.stop()
    sender = null
    user = null
    entries = []
    notify()
  }
}

/// Stores a message and sends it as soon as possible.
export function send(draft: Draft): void {
  if (user === null) return
  const entry: Entry = {
    client_id: uuid(),
    user_id: user,
    created_at: Math.max(Date.now(), (entries.at(-1)?.created_at ?? 0) + 1),
    chat_id: draft.chat_id,
    type: draft.type,
    content: draft.content ?? null,
    payload: draft.payload ?? null,
    file: draft.file ?? null,
    reply_to: draft.reply_to ?? null,
    ...(draft.thread_id && { thread_id: draft.thread_id }),
    ...(draft.silent && { silent: true }),
    ...(draft.mentions?.length && { mentions: draft.mentions }),
    state: 'waiting',
    error: null,
  }
  fresh.set(entry.client_id, entry)
  entries = [...entries, entry]
  notify()
  void store.put(entry).then(() => {
    fresh.delete(entry.client_id)
    broadcast({ kind: 'changed' })
  })
}

export async function retry(id: string): Promise<void> {
  await store.change(id, { state: 'waiting', error: null })
  broadcast({ kind: 'changed' })
}

/// Deletes a message that is not sent yet.
export async function discard(id: string): Promise<void> {
  discarded.add(id)
  entries = entries.filter((entry) => entry.client_id !== id)
  notify()
  await store.remove(id)
  broadcast({ kind: 'cancel', id })
}

export async function discardAll(): Promise<void> {
  await Promise.all(entries.map((entry) => discard(entry.client_id)))
}

export const useUnsent = () => useSyncExternalStore(subscribe, () => entries)
export const useProgress = (id: string) => useSyncExternalStore(subscribe, () => progress[id])

/// Whether unsent messages survive closing the tab.
export const useStorage = () => useSyncExternalStore(subscribe, () => storage)

export function useUnsentOf(chat: number): Entry[] {
  const all = useUnsent()
  return useMemo(() => all.filter((entry) => entry.chat_id === chat), [all, chat])
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function notify(): void {
  for (const listener of listeners) listener()
}

function broadcast(change: TabMessage): void {
  tabs?.postMessage(change)
  receive(change)
}

function receive(change: TabMessage): void {
  if (change.kind === 'progress') {
    progress = { ...progress, [change.id]: change.share }
    return notify()
  }
  if (change.kind === 'cancel') sender?.cancel(change.id)
  void reload().then(() => sender?.pump())
}

if (tabs) tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => receive(data)

async function reload(): Promise<void> {
  const me = user
  const kept = await store.all()
  if (user !== me) return
  const all = [...kept, ...[...fresh.values()].filter((entry) => !kept.some((one) => one.client_id === entry.client_id))]
  entries = all.filter((entry) => entry.user_id === me && !discarded.has(entry.client_id)).sort(inOrder)
  progress = Object.fromEntries(entries.flatMap(({ client_id: id }) => (id in progress ? [[id, progress[id]!]] : [])))
  notify()
}

/// Runs `work` in one tab at a time, until the signal; the next tab takes over when this one closes.
async function inOneTab(signal: AbortSignal, work: () => void): Promise<void> {
  if (!navigator.locks) return work()
  await navigator.locks.request('besedka.outbox', { signal }, () => {
    work()
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }).catch(() => undefined)
}
