/// The loaded messages of one chat, without gaps: up to the newest, or around one that was jumped to. However far somebody
/// scrolls, so many stay loaded as a reader comes back to; the far end is let go and loaded again when it is needed.

import type { Message } from './types'

export interface History {
  /// Oldest first.
  items: Message[]
  hasOlder: boolean
  /// Whether messages after the last one are not loaded.
  hasNewer: boolean
  /// The newest messages, where they were let go: whoever returns to the end need not wait for them.
  newest?: Message[]
  /// Of what this device kept, shown until the server can be asked: when it was last known to be current.
  copiedAt?: number
}

export const MOST_LOADED = 1_000
const NEWEST_KEPT = 50

const before = (a: Message, b: Message) => a.id - b.id

/// Adds or replaces messages by id.
export function put(history: History, messages: Message[]): History {
  const newest = history.items.at(-1)?.id ?? 0
  // The usual case, and with a long history the costly one: one message after all others.
  if (messages.length === 1 && messages[0]!.id > newest) return { ...history, items: [...history.items, messages[0]!] }
  const byId = new Map(history.items.map((message) => [message.id, message]))
  for (const message of messages) byId.set(message.id, message)
  return { ...history, items: [...byId.values()].sort(before) }
}

/// Adds a message that was just sent, unless what is loaded ends before it.
export function append(history: History, message: Message): History {
  return history.hasNewer && message.id > (history.items.at(-1)?.id ?? 0) ? history : put(history, [message])
}

export function change(history: History, id: number, edit: (message: Message) => Message): History {
  const index = history.items.findIndex((message) => message.id === id)
  if (index < 0) return history
  const items = [...history.items]
  items[index] = edit(items[index]!)
  return { ...history, items }
}

export function drop(history: History, id: number): History {
  return { ...history, items: history.items.filter((message) => message.id !== id) }
}

/// The tombstone that stays where a message was.
export function tombstone(message: Message): Message {
  return { ...message, deleted: true, content: null, payload: null, reactions: [], attachments: [] }
}

/// What became of a message while a page was fetched: its new state, erased for everybody, or gone from the history.
export type Note = Message | 'erased' | null

/// A fetched page with the events applied that arrived during the fetch.
export function overlay(history: History, notes: Map<number, Note>): History {
  const ids = (what: Note) => new Set([...notes].filter(([, note]) => note === what).map(([id]) => id))
  const [gone, erased] = [ids(null), ids('erased')]
  const oldest = history.items[0]?.id ?? 0
  const newest = history.items.at(-1)?.id ?? 0
  const changed = [...notes.values()].filter((note) => note !== null && note !== 'erased')
    .filter((message) => !history.hasOlder || message.id >= oldest)
    .filter((message) => !history.hasNewer || message.id <= newest)
  const merged = put(history, changed)
  if (gone.size + erased.size === 0) return merged
  const items = merged.items.filter((message) => !gone.has(message.id)).map((message) => (erased.has(message.id) ? tombstone(message) : message))
  return { ...merged, items }
}

/// A history from the server's first page (newest first).
export function fromPage(page: Message[], limit: number): History {
  return { items: [...page].sort(before), hasOlder: page.length >= limit, hasNewer: false }
}

/// The history with an older page in front.
export function withOlder(history: History, page: Message[], limit: number): History {
  const known = new Set(history.items.map((message) => message.id))
  const whole = put(history, page.filter((message) => !known.has(message.id)))
  const hasOlder = page.length >= limit
  if (whole.items.length <= MOST_LOADED) return { ...whole, hasOlder }
  const newest = whole.hasNewer ? whole.newest : whole.items.slice(-NEWEST_KEPT)
  return { ...whole, items: whole.items.slice(0, MOST_LOADED), hasOlder, hasNewer: true, newest }
}

/// The history of the newest messages that were kept.
export const ending = (newest: Message[]): History => ({ items: newest, hasOlder: true, hasNewer: false })

/// Makes a change to what is loaded and to the newest messages that are kept beside it.
export function edited(history: History, edit: (history: History) => History): History {
  const changed = edit(history)
  if (!history.newest) return changed
  const { items } = edit(ending(history.newest))
  return items === history.newest ? changed : { ...changed, newest: items.slice(-NEWEST_KEPT) }
}

/// A history around a message: what lies beyond both ends is not known yet.
export function around(page: Message[], id: number): History {
  const items = [...page].sort(before)
  return { items, hasOlder: items.some((message) => message.id < id), hasNewer: true }
}

/// The history with a newer page after it.
export function withNewer(history: History, page: Message[], limit: number): History {
  const whole = put(history, page)
  const hasNewer = page.length >= limit
  const trimmed = whole.items.length > MOST_LOADED && { items: whole.items.slice(-MOST_LOADED), hasOlder: true }
  return { ...whole, ...trimmed, hasNewer, newest: hasNewer ? whole.newest : undefined }
}
