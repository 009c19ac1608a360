/// Test fixtures in the shape of the API.

import { QueryClient } from '@tanstack/react-query'
import type { Chat, Member, Message, Person, User } from './types'

export const ME = 1
export const HER = 2
export const CHAT = 10

export const person = (id: number, display_name = `Person ${id}`): Person =>
  ({ id, display_name, created_at: '2024-03-26T10:00:00', deactivated: false, deleted: false })

export const message = (id: number, more: Partial<Message> = {}): Message => ({
  id, chat_id: CHAT, author_id: HER, type: 'text', content: `message ${id}`, payload: null, ts: '2024-03-26T12:00:00.000',
  edited_at: null, deleted: false, client_id: null, reactions: [], attachments: [], previews: [], mentions: [], mentions_all: false, silent: false, ...more,
})

export const chat = (more: Partial<Chat> = {}): Chat => ({
  id: CHAT, title: 'Team', is_group: true, created_at: '2024-03-26T10:00:00', last_message: null, unread_count: 0,
  member_count: 2, last_read_message_id: null, peer: null, kind: 'group', read_only: false, mention_count: 0, role: 'member',
  pinned: false, archived: false, notify: 'all', assistant: true, ...more,
})

export const member = (id: number, more: Partial<Member> = {}): Member =>
  ({ user: person(id), role: 'member', joined_at: '2024-03-26T10:00:00', last_read_message_id: null, ...more })

export function cacheOf(state: { chats?: Chat[] } = {}): QueryClient {
  const cache = new QueryClient()
  cache.setQueryData<User>(['me'], { ...person(ME), is_admin: false, hides_presence: false, hides_reading: false })
  cache.setQueryData(['chats'], state.chats ?? [chat()])
  return cache
}
