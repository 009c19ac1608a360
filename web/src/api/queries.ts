/// Queries: all server state the client reads, with its cache key and how it is fetched.

import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useCallback, useRef, useState } from 'react'
import { inFlightOf } from './events'
import { fromPage, overlay, withOlder, type History } from './history'
import { absolute, bytes, request } from './http'
import { keys } from './keys'
import { useDebounced } from '@/lib/useDebounced'
import type { Attachment, Chat, Member, Message, Person, User, Vote } from './types'

const PAGE = 50
const MAX_PAGE = 200
const RETRY_MS = 3_000

export const meQuery = queryOptions({
  queryKey: keys.me,
  queryFn: ({ signal, client }) => request<User>(client, 'GET', '/users/me', { signal }),
  staleTime: Infinity,
})

/// Kept up to date by the socket; fetched once and after gaps.
export const chatsQuery = queryOptions({
  queryKey: keys.chats,
  staleTime: Infinity,
  queryFn: async ({ signal, client }) => {
    const { answer, notes } = await inFlightOf(client).chats.during('all', () => request<Chat[]>(client, 'GET', '/chats', { signal }))
    const told = [...notes.values()].filter((chat) => chat !== null)
    return [...told, ...answer.filter((chat) => !notes.has(chat.id))]
  },
})

export const historyQuery = (cache: QueryClient, chat: number) => queryOptions({
  queryKey: keys.history(chat),
  staleTime: Infinity,
  gcTime: 30 * 60_000,
  queryFn: async ({ signal, client }): Promise<History> => {
    const unread = cache.getQueryData<Chat[]>(keys.chats)?.find((one) => one.id === chat)?.unread_count ?? 0
    // Enough to open at the first unread message.
    const limit = Math.min(Math.max(PAGE, unread + 20), MAX_PAGE)
    const { answer, notes } = await inFlightOf(client).messages.during(chat, () =>
      request<Message[]>(client, 'GET', '/messages', { query: { chat_id: chat, limit }, signal }))
    return overlay(fromPage(answer, limit), notes)
  },
})

const membersQuery = (chat: number) => queryOptions({
  queryKey: keys.members(chat),
  queryFn: ({ signal, client }) => request<Member[]>(client, 'GET', `/chats/${chat}/members`, { signal }),
  staleTime: Infinity,
})

export const personQuery = (id: number) => queryOptions({
  queryKey: keys.person(id),
  queryFn: ({ signal, client }) => request<Person>(client, 'GET', `/users/${id}`, { signal }),
  staleTime: 10 * 60_000,
  gcTime: Infinity,
})

export const useMe = () => useQuery(meQuery).data

export function useChats() {
  const { data, isPending, isError, refetch } = useQuery(chatsQuery)
  return { chats: data, isPending, isError, refetch }
}

export function useChat(id: number | null): Chat | undefined {
  return useQuery({ ...chatsQuery, select: (chats) => chats.find((chat) => chat.id === id) }).data
}

export function useMembers(chat: number | null) {
  return useQuery({ ...membersQuery(chat ?? 0), enabled: chat !== null }).data
}

/// A person by id: from the members of a chat if loaded, else fetched.
export function usePerson(id: number | null | undefined, among?: Member[]): Person | undefined {
  const cache = useQueryClient()
  const known = among?.find((member) => member.user.id === id)?.user ?? personOf(cache, id)
  const asked = useQuery({ ...personQuery(id ?? 0), enabled: id != null && !known }).data
  return known ?? asked
}

function personOf(cache: QueryClient, id: number | null | undefined): Person | undefined {
  const me = cache.getQueryData<User>(keys.me)
  if (me && me.id === id) return { ...me, deactivated: false, deleted: false }
  return cache.getQueryData<Chat[]>(keys.chats)?.find((chat) => chat.peer?.id === id)?.peer ?? undefined
}

/// The user's own vote in a poll. Only that in an anonymous poll has to be fetched.
export function useOwnVote(message: Message, me: number): number[] {
  const poll = message.poll
  const told = useQuery({
    queryKey: keys.vote(message.id),
    queryFn: ({ signal, client }) => request<Vote>(client, 'GET', `/messages/${message.id}/vote`, { signal }),
    enabled: poll?.anonymous ?? false,
    staleTime: Infinity,
  }).data
  if (poll?.anonymous || told) return told?.options ?? []
  return (poll?.options ?? []).flatMap(({ user_ids }, option) => (user_ids?.includes(me) ? [option] : []))
}

export function usePeopleSearch(words: string) {
  const q = useDebounced(words.trim(), 250)
  return useQuery({
    queryKey: keys.search(q),
    queryFn: ({ signal, client }) => request<Person[]>(client, 'GET', '/users/search', { query: { q, limit: 20 }, signal }),
    enabled: q.length > 0,
    staleTime: 30_000,
    placeholderData: (before) => before,
  })
}

export function useHistory(chat: number) {
  const cache = useQueryClient()
  const query = useQuery(historyQuery(cache, chat))
  const [loadingOlder, setLoadingOlder] = useState(false)
  const busy = useRef(false)

  const loadOlder = useCallback(async () => {
    const history = cache.getQueryData<History>(keys.history(chat))
    const oldest = history?.items[0]
    if (!history?.hasOlder || !oldest || busy.current) return
    busy.current = true
    setLoadingOlder(true)
    try {
      const page = await request<Message[]>(cache, 'GET', '/messages', { query: { chat_id: chat, before_id: oldest.id, limit: PAGE } })
      cache.setQueryData<History>(keys.history(chat), (now) => now && withOlder(now, page, PAGE))
    } catch {
      // Wait before the scroll position triggers the next try.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    } finally {
      busy.current = false
      setLoadingOlder(false)
    }
  }, [cache, chat])

  return { history: query.data, isPending: query.isPending, isError: query.isError, refetch: query.refetch, loadOlder, loadingOlder }
}

/// A signed URL of an attachment, valid for some minutes.
export const linkQuery = (id: string) => queryOptions({
  queryKey: keys.link(id),
  queryFn: async ({ signal, client }) => {
    const file = await request<Attachment>(client, 'GET', `/attachments/${id}/info`, { signal })
    return { ...file, url: file.url && absolute(client, file.url) }
  },
  staleTime: 4 * 60_000,
  gcTime: 4 * 60_000,
})

export const useLink = (id: string | undefined, enabled = true) =>
  useQuery({ ...linkQuery(id ?? ''), enabled: enabled && !!id })

/// An attachment's bytes as a blob: URL; for small files that are shown often.
export function useBlob(id: string | undefined, enabled = true) {
  return useQuery({
    queryKey: keys.blob(id ?? ''),
    queryFn: async ({ signal, client }) => URL.createObjectURL(await bytes(client, `/attachments/${id}`, signal)),
    enabled: enabled && !!id,
    staleTime: Infinity,
    gcTime: 10 * 60_000,
  })
}

/// Who is typing in a chat: written by the socket, never fetched.
export function useTyping(chat: number): number[] {
  const { data } = useQuery<number[]>({ queryKey: keys.typing(chat), queryFn: () => [], initialData: [], staleTime: Infinity })
  return data
}
