/// The hooks: data of the server that stays up to date, and changes of it. Use them below a `BesedkaProvider`.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useEffectEvent, useState } from 'react'
import { isLive, onMessage, onStatus, liveStatus } from '@/api/live'
import { send } from '@/api/outbox'
import { chatsQuery, historyQuery, meQuery } from '@/api/queries'
import { messageCreated, messageDeleted, messageUpdated, putChat } from '@/api/events'
import { keys } from '@/api/keys'
import { request } from '@/api/http'
import { useSession } from '@/app/useSession'
import type { Chat, Message as ServerMessage } from '@/api/types'
import * as plain from './client'
import { asConversation, asMessage, cacheOf } from './inside'
import { useClient } from './Provider'
import type { Conversation, Message, NewConversation, NewMessage } from './types'

/// What a query knows so far.
export interface QueryResult<Data> {
  data: Data | undefined
  isLoading: boolean
  isError: boolean
  error: Error | null
  refetch: () => void
}

/// A change of the server's data.
export interface MutationResult<Variables, Data> {
  mutate: (variables: Variables) => void
  mutateAsync: (variables: Variables) => Promise<Data>
  isPending: boolean
  isError: boolean
  error: Error | null
}

export function useConversations(): QueryResult<Conversation[]> {
  const { ready } = useSession()
  const query = useQuery({ ...chatsQuery, enabled: ready, select: (chats) => chats.map(asConversation) })
  return { data: query.data, isLoading: query.isPending, isError: query.isError, error: query.error, refetch: () => void query.refetch() }
}

export function useConversation(id: string): QueryResult<Conversation> {
  const { data, ...rest } = useConversations()
  return { ...rest, data: data?.find((one) => one.id === id) }
}

/// The loaded messages of a conversation, oldest first.
export function useMessages(conversationId: string): QueryResult<Message[]> {
  const { ready } = useSession()
  const cache = useQueryClient()
  const query = useQuery({ ...historyQuery(cache, Number(conversationId)), enabled: ready, select: ({ items }) => items.map(asMessage) })
  return { data: query.data, isLoading: query.isPending, isError: query.isError, error: query.error, refetch: () => void query.refetch() }
}

export function useCurrentUserId(): number | null {
  return useQuery({ ...meQuery, select: (me) => me.id }).data ?? null
}

export function useSendMessage(): MutationResult<NewMessage, Message> {
  const client = useClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: async ({ conversation_id, text, reply_to }: NewMessage, { client: cache }) => {
      const body = { chat_id: Number(conversation_id), type: 'text', content: text, reply_to: reply_to ? Number(reply_to) : null }
      const message = await request<ServerMessage>(cache, 'POST', '/messages', { body })
      messageCreated(cacheOf(client), message)
      return asMessage(message)
    },
  })
}

export function useCreateConversation(): MutationResult<NewConversation, Conversation> {
  const client = useClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: async (form: NewConversation, { client: cache }) => {
      const made = await plain.createConversation(client, form)
      putChat(cache, await request<Chat>(cache, 'GET', `/chats/${made.id}`))
      return made
    },
  })
}

export function useDeleteConversation(): MutationResult<string, void> {
  const client = useClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (id: string) => plain.deleteConversation(client, id),
    onSuccess: (_, id) => cacheOf(client).setQueryData<Chat[]>(keys.chats, (chats) => chats?.filter((chat) => String(chat.id) !== id)),
  })
}

export function useEditMessage(): MutationResult<{ id: string; text: string }, Message> {
  const client = useClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: async ({ id, text }: { id: string; text: string }, { client: cache }) => {
      const message = await request<ServerMessage>(cache, 'PATCH', `/messages/${Number(id)}`, { body: { content: text } })
      messageUpdated(cacheOf(client), message)
      return asMessage(message)
    },
  })
}

export function useDeleteMessage(): MutationResult<{ id: string; conversation_id: string }, void> {
  const client = useClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: ({ id }: { id: string; conversation_id: string }) => plain.deleteMessage(client, id),
    onSuccess: (_, { id, conversation_id }) => messageDeleted(cacheOf(client), { id: Number(id), chat_id: Number(conversation_id) }),
  })
}

export interface WebSocketOptions {
  conversationId: string
  onMessage?: (message: Message) => void
  onError?: (error: Error) => void
  onOpen?: () => void
  onClose?: () => void
}

export interface WebSocketState {
  isConnected: boolean
  /// Sends by the outbox: what cannot be sent now waits, and is sent once.
  sendMessage: (text: string, replyTo?: string | null) => void
  /// Stops listening. The connection itself is shared and ends with its last user.
  disconnect: () => void
  error: Error | null
}

/// The live connection as one conversation needs it. It reconnects by itself and misses nothing.
export function useWebSocket({ conversationId, ...on }: WebSocketOptions): WebSocketState {
  const cache = useQueryClient()
  const [listening, setListening] = useState(true)
  const [isConnected, setConnected] = useState(() => isLive(liveStatus(cache)))
  const heard = useEffectEvent((message: ServerMessage) => {
    if (String(message.chat_id) === conversationId) on.onMessage?.(asMessage(message))
  })
  const changed = useEffectEvent(() => {
    const now = isLive(liveStatus(cache))
    if (now === isConnected) return
    setConnected(now)
    if (now) on.onOpen?.()
    else on.onClose?.()
  })
  const { error } = useSession()
  const failed = useEffectEvent((reason: Error) => on.onError?.(reason))
  useEffect(() => {
    if (error) failed(error)
  }, [error])
  useEffect(() => {
    if (!listening) return
    const stops = [onMessage(cache, (message) => heard(message)), onStatus(cache, () => changed())]
    return () => {
      for (const stop of stops) stop()
    }
  }, [cache, listening])
  return {
    isConnected: isConnected && listening,
    error,
    disconnect: useCallback(() => setListening(false), []),
    sendMessage: useCallback((text, replyTo) => {
      const quoted = replyTo ? { id: Number(replyTo), author_id: 0, type: 'text' as const, text: null } : null
      send(cache, { chat_id: Number(conversationId), type: 'text', content: text, reply_to: quoted })
    }, [cache, conversationId]),
  }
}
