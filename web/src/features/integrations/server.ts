/// Bots and webhooks: what programs do in chats, and how they are told what happens there.

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Bot, BotCommand, Delivery, OutgoingWebhook, OutgoingWebhookWithSecret, PersonalToken, Scope, TokenWithSecret, Webhook, WebhookEvent, WebhookWithUrl } from '@/api/types'

const PAGE = 50
/// How often the log is asked for while something waits to be delivered.
const WAITING_MS = 3_000

interface ChangeOptions<Form> {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: (form: Form) => string
  body?: (form: Form) => unknown
  list: readonly unknown[]
  /// Whether a form says why it was refused.
  quiet?: boolean
}

/// Changes something on the server and asks for its list again.
function useChange<Form, Answer = undefined>({ method, path, body, list, quiet = false }: ChangeOptions<Form>) {
  const cache = useQueryClient()
  return useMutation({
    meta: { quiet },
    mutationFn: (form: Form, { client }) => request<Answer>(client, method, path(form), { body: body?.(form) }),
    onSuccess: () => cache.invalidateQueries({ queryKey: list }),
  })
}

export const useBots = () => useQuery({
  queryKey: keys.bots,
  queryFn: ({ signal, client }) => request<Bot[]>(client, 'GET', '/bots', { signal }),
  staleTime: 0,
})

export interface BotProfile {
  display_name: string
  username: string | null
  about: string
}

export const useCreateBot = () => useChange<BotProfile, Bot>({
  method: 'POST', path: () => '/bots', body: (form) => ({ ...form, about: form.about || null }), list: keys.bots, quiet: true,
})

export const useUpdateBot = (bot: number) => useChange<BotProfile, Bot>({
  method: 'PATCH', path: () => `/bots/${bot}`, body: (form) => form, list: keys.bots, quiet: true,
})

export const useDeleteBot = () => useChange<number>({ method: 'DELETE', path: (bot) => `/bots/${bot}`, list: keys.bots })

export const useSetCommands = (bot: number) => useChange<BotCommand[], Bot>({
  method: 'PUT', path: () => `/bots/${bot}/commands`, body: (commands) => ({ commands }), list: keys.bots, quiet: true,
})

export const useBotTokens = (bot: number) => useQuery({
  queryKey: keys.botTokens(bot),
  queryFn: ({ signal, client }) => request<PersonalToken[]>(client, 'GET', `/bots/${bot}/tokens`, { signal }),
  staleTime: 0,
}).data

export interface NewToken {
  name: string
  scopes: Scope[]
  expires_in_days?: number
}

export const useCreateBotToken = (bot: number) => useChange<NewToken, TokenWithSecret>({
  method: 'POST', path: () => `/bots/${bot}/tokens`, body: (form) => form, list: keys.botTokens(bot), quiet: true,
})

export const useRevokeBotToken = (bot: number) => useChange<number>({
  method: 'DELETE', path: (id) => `/bots/${bot}/tokens/${id}`, list: keys.botTokens(bot),
})

export const useAddBot = (bot: number) => useMutation({
  mutationFn: (chat: number, { client }) => request<undefined>(client, 'POST', `/chats/${chat}/members`, { body: { user_id: bot } }),
})

export const useWebhooks = (chat: number) => useQuery({
  queryKey: keys.webhooks(chat),
  queryFn: ({ signal, client }) => request<Webhook[]>(client, 'GET', `/chats/${chat}/webhooks`, { signal }),
  staleTime: 0,
})

const named = ({ name }: { name: string }) => ({ name })

export const useCreateWebhook = (chat: number) => useChange<{ name: string }, WebhookWithUrl>({
  method: 'POST', path: () => `/chats/${chat}/webhooks`, body: named, list: keys.webhooks(chat), quiet: true,
})

export const useRenameWebhook = (chat: number) => useChange<{ id: number; name: string }, Webhook>({
  method: 'PATCH', path: ({ id }) => `/chats/${chat}/webhooks/${id}`, body: named, list: keys.webhooks(chat), quiet: true,
})

export const useRotateWebhook = (chat: number) => useChange<number, WebhookWithUrl>({
  method: 'POST', path: (id) => `/chats/${chat}/webhooks/${id}/rotate`, list: keys.webhooks(chat),
})

export const useDeleteWebhook = (chat: number) => useChange<number>({
  method: 'DELETE', path: (id) => `/chats/${chat}/webhooks/${id}`, list: keys.webhooks(chat),
})

/// Whose events an outgoing webhook tells: those of one chat, or those of all chats of a bot.
export type Source = { chat: number } | { bot: number }

const listOf = (source: Source) => ('chat' in source ? `/chats/${source.chat}/outgoing-webhooks` : `/bots/${source.bot}/outgoing-webhooks`)

export const useOutgoing = (source: Source) => useQuery({
  queryKey: keys.outgoing(listOf(source)),
  queryFn: ({ signal, client }) => request<OutgoingWebhook[]>(client, 'GET', listOf(source), { signal }),
  staleTime: 0,
})

export interface OutgoingForm {
  name: string
  url: string
  events: WebhookEvent[]
}

export const useCreateOutgoing = (source: Source) => useChange<OutgoingForm, OutgoingWebhookWithSecret>({
  method: 'POST', path: () => listOf(source), body: (form) => form, list: keys.outgoing(listOf(source)), quiet: true,
})

export const useUpdateOutgoing = (source: Source, id: number) => useChange<Partial<OutgoingForm> & { enabled?: boolean }, OutgoingWebhook>({
  method: 'PATCH', path: () => `/outgoing-webhooks/${id}`, body: (form) => form, list: keys.outgoing(listOf(source)), quiet: true,
})

export const useRotateOutgoing = (source: Source) => useChange<number, OutgoingWebhookWithSecret>({
  method: 'POST', path: (id) => `/outgoing-webhooks/${id}/rotate`, list: keys.outgoing(listOf(source)),
})

export const useDeleteOutgoing = (source: Source) => useChange<number>({
  method: 'DELETE', path: (id) => `/outgoing-webhooks/${id}`, list: keys.outgoing(listOf(source)),
})

export const useDeliveries = (webhook: number) => useInfiniteQuery({
  queryKey: keys.deliveries(webhook),
  initialPageParam: undefined as number | undefined,
  queryFn: ({ signal, client, pageParam }) =>
    request<Delivery[]>(client, 'GET', `/outgoing-webhooks/${webhook}/deliveries`, { query: { before_id: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.id),
  staleTime: 0,
  refetchInterval: ({ state }) => (state.data?.pages.flat().some((one) => one.state === 'waiting') ? WAITING_MS : false),
})

export const useReplay = (webhook: number) => useChange<number, Delivery>({
  method: 'POST', path: (id) => `/outgoing-webhooks/${webhook}/deliveries/${id}/replay`, list: keys.deliveries(webhook),
})
