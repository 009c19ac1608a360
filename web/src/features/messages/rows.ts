/// The rows of the message list: messages with day and unread dividers and grouping.

import { isUnread } from '@/api/unread'
import { asMessage, type Entry } from '@/api/outbox'
import type { Member, Message } from '@/api/types'
import type { Delivery } from '@/components/DeliveryIcon'
import { dayKey, instant } from '@/lib/dates'

export interface Row {
  key: string
  message: Message
  /// Set while the message is unsent.
  entry: Entry | null
  /// Whether a day divider precedes it.
  day: boolean
  /// Whether the unread divider precedes it.
  unread: boolean
  /// First and last of a group by one author.
  first: boolean
  last: boolean
}

const TOGETHER_MS = 5 * 60_000

export function rowsOf(messages: Message[], unsent: Entry[], readUpTo: number | null, me: number): Row[] {
  const arrived = new Set(messages.map((message) => message.client_id))
  const waiting = unsent.filter((entry) => !arrived.has(entry.client_id))
  const all = [...messages.map((message) => ({ message, entry: null })), ...waiting.map((entry) => ({ message: asMessage(entry), entry }))]
  let marked = readUpTo === null

  const rows = all.map(({ message, entry }, index): Row => {
    const before = all[index - 1]?.message
    const day = !before || dayOf(before) !== dayOf(message)
    const unread = !marked && !entry && isUnread(message, readUpTo!, me)
    if (unread) marked = true
    return {
      key: message.client_id ?? String(message.id),
      message,
      entry,
      day,
      unread,
      first: day || unread || !together(before, message),
      last: true,
    }
  })
  return rows.map((row, index) => ({ ...row, last: rows[index + 1]?.first ?? true }))
}

/// Formatting a date costs more than all else here, and a message's time never changes.
const times = new WeakMap<Message, { day: string; ms: number }>()

function timeOf(message: Message): { day: string; ms: number } {
  let time = times.get(message)
  if (!time) {
    const at = instant(message.ts)
    time = { day: dayKey(at), ms: at.getTime() }
    times.set(message, time)
  }
  return time
}

const dayOf = (message: Message) => timeOf(message).day

function together(a: Message | undefined, b: Message): boolean {
  if (!a || a.author_id !== b.author_id || a.payload?.sender_name !== b.payload?.sender_name || a.type === 'system' || b.type === 'system') return false
  return timeOf(b).ms - timeOf(a).ms < TOGETHER_MS
}

/// The same row as before if nothing of it changed, so that it is not drawn again.
function same(before: Row | undefined, row: Row): Row {
  return before && before.message === row.message && before.entry === row.entry && before.day === row.day
    && before.unread === row.unread && before.first === row.first && before.last === row.last ? before : row
}

/// Rows that remember the ones before them.
export function rowMaker(): typeof rowsOf {
  let known = new Map<string, Row>()
  return (...from) => {
    const rows = rowsOf(...from).map((row) => same(known.get(row.key), row))
    known = new Map(rows.map((row) => [row.key, row]))
    return rows
  }
}

/// The delivery state of the user's own message.
export function deliveryOf(row: Row, members: Member[] | undefined, me: number): Delivery {
  if (row.entry) return row.entry.state
  return readersOf(row.message, members, me) > 0 ? 'read' : 'sent'
}

/// How many others have read a message.
export const readersOf = (message: Message, members: Member[] | undefined, me: number): number =>
  members?.filter((member) => member.user.id !== me && (member.last_read_message_id ?? 0) >= message.id).length ?? 0
