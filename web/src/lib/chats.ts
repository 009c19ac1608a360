/// The order and the names of chats.

import type { Chat } from '@/api/types'
import { instant } from './dates'

const lastActivity = (chat: Chat) => chat.last_message?.ts ?? chat.created_at

/// Pinned ones first, then the most recently active.
export const byActivity = (chats: Chat[]): Chat[] =>
  [...chats].sort((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false) || (lastActivity(a) < lastActivity(b) ? 1 : lastActivity(a) > lastActivity(b) ? -1 : b.id - a.id))

/// Whether every word begins a word of the title; ё is е.
export function matches(chat: Chat, words: string, language: string): boolean {
  const plain = (text: string) => text.toLocaleLowerCase(language).replaceAll('ё', 'е')
  const title = plain(`${chat.title} ${chat.peer?.username ?? ''}`).split(/[\s_.-]+/)
  return plain(words).trim().split(/\s+/).filter(Boolean).every((word) => title.some((part) => part.startsWith(word)))
}

/// Whether the user has muted it, now.
export const isMuted = (chat: Chat, now = Date.now()): boolean =>
  chat.notify === 'none' || (!!chat.muted_until && instant(chat.muted_until).getTime() > now)

/// In a read-only group or channel only its owner and admins write.
export const canPost = ({ read_only, role }: Chat): boolean => !read_only || role !== 'member'
