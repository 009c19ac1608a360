/// The order and the names of chats.

import type { Chat } from '@/api/types'
import { instant } from './dates'

const lastActivity = (chat: Chat) => chat.last_message?.ts ?? chat.created_at

/// Pinned ones first, then the most recently active.
export const byActivity = (chats: Chat[]): Chat[] =>
  [...chats].sort((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false) || (lastActivity(a) < lastActivity(b) ? 1 : lastActivity(a) > lastActivity(b) ? -1 : b.id - a.id))

export const matches = (chat: Chat, words: string, language: string): boolean =>
  wordsBegin(words, `${chat.title} ${chat.peer?.username ?? ''}`, language)

/// Whether every word begins a word of the text, each another one; ё is е.
export function wordsBegin(words: string, text: string, language: string): boolean {
  const plain = (one: string) => one.toLocaleLowerCase(language).replaceAll('ё', 'е')
  const parts = plain(text).split(/[\s_.:-]+/)
  // The longest first: it fits the fewest.
  const wanted = plain(words).trim().split(/\s+/).filter(Boolean).sort((a, b) => b.length - a.length)
  return wanted.every((word) => {
    const at = parts.findIndex((part) => part.startsWith(word))
    if (at >= 0) parts.splice(at, 1)
    return at >= 0
  })
}

/// Whether the user has muted it, now.
export const isMuted = (chat: Chat, now = Date.now()): boolean =>
  chat.notify === 'none' || (!!chat.muted_until && instant(chat.muted_until).getTime() > now)

/// In a read-only group or channel only its owner and admins write.
export const canPost = ({ read_only, role }: Chat): boolean => !read_only || role !== 'member'
