/// What a client is inside the package, and the server's data as the package shows it.

import type { QueryClient } from '@tanstack/react-query'
import type { Chat, Message as ServerMessage } from '@/api/types'
import type { Texts } from '@/lib/i18n'
import type { BesedkaClient, Conversation, Message } from './types'

export interface Client extends BesedkaClient {
  cache: QueryClient
  /// Set by the provider that shows this client.
  texts: Texts
}

const inside = (client: BesedkaClient) => client as Client
export const cacheOf = (client: BesedkaClient): QueryClient => inside(client).cache
export const setTexts = (client: BesedkaClient, texts: Texts) => void (inside(client).texts = texts)

export const asConversation = (chat: Chat): Conversation => ({
  id: String(chat.id),
  type: chat.is_group ? 'group' : 'private',
  title: chat.title || null,
  created_by: null,
  created_at: chat.created_at,
  service: null,
  service_id: null,
})

export const asMessage = (message: ServerMessage): Message => ({
  id: String(message.id),
  conversation_id: String(message.chat_id),
  sender_id: message.author_id,
  text: message.deleted ? null : (message.content ?? null),
  reply_to: message.reply_to ? String(message.reply_to.id) : null,
  is_edited: !!message.edited_at,
  created_at: message.ts,
})
