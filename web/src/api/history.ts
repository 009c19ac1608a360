/// The messages of one chat as the cache keeps them: a run without holes from `items[0]` to the newest.

import type { Message } from './types'

export interface History {
  /// Oldest first.
  items: Message[]
  hasOlder: boolean
}

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
export function buried(message: Message): Message {
  return { ...message, deleted: true, content: null, payload: null, reactions: [], attachments: [] }
}

/// A fetched page with what events said while it was under way.
export function overlay(history: History, notes: Map<number, Message | null>): History {
  const gone = new Set([...notes].filter(([, message]) => message === null).map(([id]) => id))
  const oldest = history.items[0]?.id ?? 0
  const said = [...notes.values()].filter((message) => message !== null)
    .filter((message) => !history.hasOlder || message.id >= oldest)
  const merged = put(history, said)
  return gone.size ? { ...merged, items: merged.items.filter((message) => !gone.has(message.id)) } : merged
}

/// A page from the server (newest first) as the whole of what is known.
export function fromPage(page: Message[], limit: number): History {
  return { items: [...page].sort(before), hasOlder: page.length >= limit }
}

/// An older page in front of what is known.
export function withOlder(history: History, page: Message[], limit: number): History {
  const known = new Set(history.items.map((message) => message.id))
  return { ...put(history, page.filter((message) => !known.has(message.id))), hasOlder: page.length >= limit }
}
