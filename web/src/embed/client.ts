/// The plain functions: one call each, for code without React.

import { makeCache } from '@/app/cache'
import { connect, request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Chat, Message as ServerMessage, User } from '@/api/types'
import { Texts } from '@/lib/i18n'
import { asConversation, asMessage, cacheOf, type Client } from './inside'
import type { BesedkaClient, ClientOptions, Conversation, Message, MessagesQuery, NewConversation, NewMessage } from './types'

/// Connects to a server. Nothing is asked before the first call.
export function createClient({ server, getToken, onSignedOut, language = 'ru' }: ClientOptions): BesedkaClient {
  let token: string | null = null
  let asking: Promise<string> | null = null
  const client = { texts: new Texts(language, {}) } as Client
  client.cache = makeCache((key, params) => client.texts.t(key, params))
  connect(client.cache, {
    server: server.replace(/\/+$/, ''),
    onEnded: () => onSignedOut?.(),
    tokens: {
      accessToken: () => token,
      refresh: (refused) => (asking ??= Promise.resolve(getToken(refused)).then((answer) => (token = answer)).finally(() => {
        asking = null
      })),
    },
  })
  return client
}

/// The current user's id, or null before anything was asked of the server.
export function getCurrentUserId(client: BesedkaClient): number | null {
  return cacheOf(client).getQueryData<User>(keys.me)?.id ?? null
}

export async function getConversations(client: BesedkaClient): Promise<Conversation[]> {
  return (await request<Chat[]>(cacheOf(client), 'GET', '/chats')).map(asConversation)
}

export async function getConversation(client: BesedkaClient, id: string): Promise<Conversation> {
  return asConversation(await request<Chat>(cacheOf(client), 'GET', `/chats/${path(id)}`))
}

export async function createConversation(client: BesedkaClient, { type, title, participant_ids = [] }: NewConversation): Promise<Conversation> {
  const cache = cacheOf(client)
  if (type === 'group') {
    return asConversation(await request<Chat>(cache, 'POST', '/chats', { body: { title, is_group: true, member_ids: participant_ids } }))
  }
  if (participant_ids.length !== 1) throw new TypeError('a private conversation has exactly one other participant')
  return asConversation(await request<Chat>(cache, 'POST', '/chats/direct', { body: { user_id: participant_ids[0] } }))
}

export async function deleteConversation(client: BesedkaClient, id: string): Promise<void> {
  await request(cacheOf(client), 'DELETE', `/chats/${path(id)}`)
}

/// The newest messages of a conversation, oldest first.
export async function getMessages(client: BesedkaClient, conversation: string, { limit = 50, before }: MessagesQuery = {}): Promise<Message[]> {
  const query = { chat_id: path(conversation), before_id: before, limit }
  const page = await request<ServerMessage[]>(cacheOf(client), 'GET', '/messages', { query })
  return page.sort((a, b) => a.id - b.id).map(asMessage)
}

export async function sendMessage(client: BesedkaClient, { conversation_id, text, reply_to }: NewMessage): Promise<Message> {
  const body = { chat_id: Number(path(conversation_id)), type: 'text', content: text, reply_to: reply_to ? Number(path(reply_to)) : null }
  return asMessage(await request<ServerMessage>(cacheOf(client), 'POST', '/messages', { body }))
}

export async function editMessage(client: BesedkaClient, id: string, text: string): Promise<Message> {
  return asMessage(await request<ServerMessage>(cacheOf(client), 'PATCH', `/messages/${path(id)}`, { body: { content: text } }))
}

export async function deleteMessage(client: BesedkaClient, id: string): Promise<void> {
  await request(cacheOf(client), 'DELETE', `/messages/${path(id)}`, { query: { for: 'all' } })
}

export async function addParticipant(client: BesedkaClient, conversation: string, user: number): Promise<void> {
  await request(cacheOf(client), 'POST', `/chats/${path(conversation)}/members`, { body: { user_id: user } })
}

export async function removeParticipant(client: BesedkaClient, conversation: string, user: number): Promise<void> {
  await request(cacheOf(client), 'DELETE', `/chats/${path(conversation)}/members/${user}`)
}

/// An id as part of an address: a number and nothing else.
function path(id: string): string {
  if (!/^\d{1,16}$/.test(id)) throw new TypeError(`not an id: ${id}`)
  return id
}
