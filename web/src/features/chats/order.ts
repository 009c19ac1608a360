import type { Chat } from '@/api/types'

const lastActivity = (chat: Chat) => chat.last_message?.ts ?? chat.created_at

export const byActivity = (chats: Chat[]): Chat[] =>
  [...chats].sort((a, b) => (lastActivity(a) < lastActivity(b) ? 1 : lastActivity(a) > lastActivity(b) ? -1 : b.id - a.id))

/// Whether every word begins a word of the title; ё is е.
export function matches(chat: Chat, words: string, language: string): boolean {
  const plain = (text: string) => text.toLocaleLowerCase(language).replaceAll('ё', 'е')
  const title = plain(`${chat.title} ${chat.peer?.username ?? ''}`).split(/[\s_.-]+/)
  return plain(words).trim().split(/\s+/).filter(Boolean).every((word) => title.some((part) => part.startsWith(word)))
}
