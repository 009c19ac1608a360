/// The rows of the message list: messages with day and unread dividers and grouping.

import { isUnread } from '@/api/events'
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

const dayOf = (message: Message) => dayKey(instant(message.ts))

function together(a: Message | undefined, b: Message): boolean {
  if (!a || a.author_id !== b.author_id || a.type === 'system' || b.type === 'system') return false
  return instant(b.ts).getTime() - instant(a.ts).getTime() < TOGETHER_MS
}

/// The delivery state of the user's own message.
export function deliveryOf(row: Row, members: Member[] | undefined, me: number): Delivery {
  if (row.entry) return row.entry.state
  const read = members?.some((member) => member.user.id !== me && (member.last_read_message_id ?? 0) >= row.message.id)
  return read ? 'read' : 'sent'
}
