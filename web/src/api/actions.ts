/// Mutations: every change the client makes on the server, with its update of the query cache.

import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { changeChat, knownMessage, messageCreated, messageDeleted, messageHidden, messageUpdated, putChat } from './events'
import { request } from './http'
import { keys } from './keys'
import type { Chat, Member, Message, NewReport, Vote } from './types'

interface NewGroup {
  title: string
  kind: 'group' | 'channel'
  member_ids: number[]
  description?: string
  read_only?: boolean
}

export function useCreateGroup() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (form: NewGroup, { client }) => request<Chat>(client, 'POST', '/chats', { body: form }),
    onSuccess: (chat) => putChat(cache, chat),
  })
}

export function useOpenDirect() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (user: number, { client }) => request<Chat>(client, 'POST', '/chats/direct', { body: { user_id: user } }),
    onSuccess: (chat) => putChat(cache, chat),
  })
}

export function useJoinByCode() {
  const cache = useQueryClient()
  return useMutation({
    meta: { quiet: true },
    mutationFn: (code: string, { client }) => request<Chat>(client, 'POST', '/chats/join', { body: { code } }),
    onSuccess: (chat) => putChat(cache, chat),
  })
}

/// The user's saved messages: a chat with nobody else, which is made when it is first opened.
export function useOpenSaved() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (_: void, { client }) => request<Chat>(client, 'POST', '/chats', { body: { kind: 'saved', member_ids: [] } }),
    onSuccess: (chat) => putChat(cache, chat),
  })
}

function useDropChat() {
  const cache = useQueryClient()
  return (chat: number) => {
    cache.setQueryData<Chat[]>(keys.chats, (chats) => chats?.filter((one) => one.id !== chat))
    cache.removeQueries({ queryKey: keys.history(chat) })
    cache.removeQueries({ queryKey: keys.members(chat) })
  }
}

/// Deletes a group for everyone, or hides a private chat for the user.
export function useDeleteChat() {
  const dropChat = useDropChat()
  return useMutation({
    mutationFn: (chat: number, { client }) => request(client, 'DELETE', `/chats/${chat}`),
    onSuccess: (_, chat) => dropChat(chat),
  })
}

export function useLeaveChat(me: number) {
  const dropChat = useDropChat()
  return useMutation({
    mutationFn: (chat: number, { client }) => request(client, 'DELETE', `/chats/${chat}/members/${me}`),
    onSuccess: (_, chat) => dropChat(chat),
  })
}

export function useAddMember(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (user: number, { client }) => request<Member>(client, 'POST', `/chats/${chat}/members`, { body: { user_id: user } }),
    onSuccess: (member) => {
      cache.setQueryData<Member[]>(keys.members(chat), (members) =>
        members && [...members.filter((one) => one.user.id !== member.user.id), member])
      countMembers(cache, chat)
    },
  })
}

export function useRemoveMember(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (user: number, { client }) => request(client, 'DELETE', `/chats/${chat}/members/${user}`),
    onSuccess: (_, user) => {
      cache.setQueryData<Member[]>(keys.members(chat), (members) => members?.filter((one) => one.user.id !== user))
      countMembers(cache, chat)
    },
  })
}

function countMembers(cache: ReturnType<typeof useQueryClient>, chat: number): void {
  const members = cache.getQueryData<Member[]>(keys.members(chat))
  if (members) changeChat(cache, chat, (one) => ({ ...one, member_count: members.length }))
}

/// A message as it is now: what began with it may have taken a while.
const current = (cache: QueryClient, message: Message): Message => knownMessage(cache, message.chat_id, message.id)
  ?? cache.getQueryData<Message>(keys.threadRoot(message.id))
  ?? cache.getQueryData<Message[]>(keys.thread(message.thread_id ?? 0))?.find(({ id }) => id === message.id)
  ?? message

export function useEditMessage() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ message, content }: { message: Message; content: string }, { client }) =>
      request<Message>(client, 'PATCH', `/messages/${message.id}`, { body: { content } }),
    onMutate: ({ message, content }) => {
      const known = current(cache, message)
      messageUpdated(cache, { ...known, content })
      return known.content
    },
    onSuccess: (message) => messageUpdated(cache, message),
    onError: (_, { message }, content) => messageUpdated(cache, { ...current(cache, message), content: content ?? message.content }),
  })
}

/// Deletes a message for everyone, or hides it for the user.
export function useDeleteMessage() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ message, whose }: { message: Message; whose: 'all' | 'me' }, { client }) =>
      request(client, 'DELETE', `/messages/${message.id}`, { query: { for: whose } }),
    onMutate: ({ message, whose }) => (whose === 'all' ? messageDeleted(cache, message) : messageHidden(cache, message)),
    onError: (_, { message, whose }) => (whose === 'all' ? messageUpdated(cache, message) : messageCreated(cache, message)),
  })
}

/// Adds or removes the user's reaction.
export function useReact(me: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ message, emoji, on }: { message: Message; emoji: string; on: boolean }, { client }) =>
      request<Message | undefined>(client, on ? 'PUT' : 'DELETE', `/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`),
    onMutate: ({ message, emoji, on }) => messageUpdated(cache, reacted(current(cache, message), emoji, me, on)),
    onSuccess: (message) => {
      if (message) messageUpdated(cache, message)
    },
    onError: (_, { message, emoji, on }) => messageUpdated(cache, reacted(current(cache, message), emoji, me, !on)),
  })
}

/// Votes in a poll, replacing the earlier vote.
export function useVote() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ message, options }: { message: Message; options: number[] }, { client }) =>
      request<Message>(client, 'PUT', `/messages/${message.id}/vote`, { body: { options } }),
    onSuccess: (changed, { message, options }) => {
      cache.setQueryData<Vote>(keys.vote(message.id), { message_id: message.id, chat_id: message.chat_id, options })
      messageUpdated(cache, changed)
    },
  })
}

/// Reports a message or a person to the administrators of the server.
export const useReport = (path: `/messages/${number}` | `/users/${number}`) => useMutation({
  mutationFn: (report: NewReport, { client }) => request<undefined>(client, 'POST', `${path}/report`, { body: report }),
})

export function reacted(message: Message, emoji: string, me: number, on: boolean): Message {
  const others = message.reactions.find((one) => one.emoji === emoji)?.user_ids.filter((id) => id !== me) ?? []
  const user_ids = on ? [...others, me] : others
  const changed = { emoji, user_ids, count: user_ids.length }
  const known = message.reactions.some((one) => one.emoji === emoji)
  const reactions = known
    ? message.reactions.map((one) => (one.emoji === emoji ? changed : one))
    : [...message.reactions, changed]
  return { ...message, reactions: reactions.filter((one) => one.count > 0) }
}
