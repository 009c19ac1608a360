/// What is unread in a chat.

import type { History } from './history'
import type { Chat, Message } from './types'

/// Whether a message is addressed to the user: by name, or with everybody.
export const mentionsMe = (message: Message, me: number | undefined) =>
  Boolean(message.mentions_all) || (me !== undefined && (message.mentions?.includes(me) ?? false))

/// Whether a message counts as unread: others' messages after the read mark, without system messages.
export function isUnread(message: Message, mark: number, me: number | undefined): boolean {
  return message.id > mark && message.author_id !== me && message.type !== 'system' && !message.deleted
}

/// What is unread and mentions the user after a read mark, as far as the loaded messages show.
export function unreadAfter(chat: Chat, mark: number, me: number, history: History | undefined): { unread_count: number; mention_count: number } {
  const { unread_count, mention_count = 0 } = chat
  if (mark >= (chat.last_message?.id ?? 0)) return { unread_count: 0, mention_count: 0 }
  if (!history) return { unread_count, mention_count }
  const known = chat.last_read_message_id ?? 0
  const unread = history.items.filter((message) => isUnread(message, known, me))
  const after = (messages: Message[]) => messages.filter(({ id }) => id > mark).length
  const meant = unread.filter((message) => mentionsMe(message, me))
  if (!history.hasNewer) return { unread_count: after(unread), mention_count: after(meant) }
  // The end is not loaded: what was read is taken from what the server counted.
  return {
    unread_count: Math.max(0, unread_count - (unread.length - after(unread))),
    mention_count: Math.max(0, mention_count - (meant.length - after(meant))),
  }
}
