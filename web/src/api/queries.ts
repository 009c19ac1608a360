/// Queries: all server state the client reads, with its cache key and how it is fetched.

import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useCallback, useRef, useState } from 'react'
import { inFlightOf } from './events'
import { around, ending, fromPage, overlay, withNewer, withOlder, type History } from './history'
import { absolute, ApiError, bytes, request } from './http'
import { keys } from './keys'
import { isAway, offlineOf } from './offline'
import { useDebounced } from '@/lib/useDebounced'
import type { Attachment, Chat, CurrentAnnouncement, Draft, Member, Message, Person, ServerStatus, User, Vote } from './types'

const PAGE = 50
const MAX_PAGE = 200
const RETRY_MS = 3_000
/// How often the server is asked for what is shown from the copy on this device.
const REPLACE_MS = 5_000

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

/// The newest messages, or with many unread those around the first unread one. While the server is away: those that
/// this device kept.
export const historyQuery = (cache: QueryClient, chat: number) => queryOptions({
  queryKey: keys.history(chat),
  staleTime: () => (isCopied(cache, chat) ? 0 : Infinity),
  refetchInterval: () => (isCopied(cache, chat) ? REPLACE_MS : false),
  gcTime: 30 * 60_000,
  // Compares messages by their places in the list: an older page in front would make a copy of each.
  structuralSharing: false,
  queryFn: async ({ signal, client }): Promise<History> => {
    const known = cache.getQueryData<History>(keys.history(chat))
    const copy = offlineOf(client)
    const kept = async () => (known?.copiedAt === undefined ? await copy?.history(chat) : known)
    // Until the connection has its cursor, an answer would be a copy too.
    if (copy && (copy.restoredAt !== null || (copy.away && !known))) {
      const found = await kept()
      if (found) return found
    }
    try {
      return await fetchHistory(client, chat, signal)
    } catch (error) {
      const found = isAway(error) && !signal.aborted ? await kept() : null
      if (!found) throw error
      return found
    }
  },
})

const isCopied = (cache: QueryClient, chat: number) => cache.getQueryData<History>(keys.history(chat))?.copiedAt !== undefined

function fetchHistory(cache: QueryClient, chat: number, signal?: AbortSignal): Promise<History> {
  const one = cache.getQueryData<Chat[]>(keys.chats)?.find(({ id }) => id === chat)
  const unread = one?.unread_count ?? 0
  if (unread > MAX_PAGE / 2) return fetchAround(cache, chat, one?.last_read_message_id ?? 0, signal)
  return fetchNewest(cache, chat, Math.max(PAGE, unread + 20), signal)
}

/// What was asked before the connection has its cursor may lack what happens until then.
async function sinceConnected(cache: QueryClient, work: () => Promise<History>): Promise<History> {
  const restoredAt = offlineOf(cache)?.restoredAt ?? null
  const history = await work()
  return restoredAt === null ? history : { ...history, copiedAt: restoredAt }
}

const fetchNewest = (cache: QueryClient, chat: number, limit: number, signal?: AbortSignal) => sinceConnected(cache, async () => {
  const { answer, notes } = await inFlightOf(cache).messages.during(chat, () =>
    request<Message[]>(cache, 'GET', '/messages', { query: { chat_id: chat, limit }, signal }))
  return overlay(fromPage(answer, limit), notes)
})

const fetchAround = (cache: QueryClient, chat: number, id: number, signal?: AbortSignal) => sinceConnected(cache, async () => {
  // Nothing is read yet: from the first message on.
  const query = id > 0 ? { around_id: id } : { since: '1970-01-01T00:00:00' }
  const { answer, notes } = await inFlightOf(cache).messages.during(chat, () =>
    request<Message[]>(cache, 'GET', '/messages', { query: { chat_id: chat, ...query, limit: PAGE }, signal }))
  return overlay(around(answer, id), notes)
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

/// The user's own vote in a poll. Only that in an anonymous poll has to be fetched, and one that a gap made doubtful.
export function useOwnVote(message: Message, me: number): number[] {
  const poll = message.poll
  const told = useQuery({
    queryKey: keys.vote(message.id),
    queryFn: ({ signal, client }) => request<Vote>(client, 'GET', `/messages/${message.id}/vote`, { signal }),
    enabled: ({ state }) => (poll?.anonymous ?? false) || state.isInvalidated,
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
    // Somebody may have registered meanwhile.
    staleTime: 0,
    refetchInterval: 10_000,
    placeholderData: (before) => before,
  })
}

const hasOlder = (history: History | undefined): history is History => Boolean(history?.hasOlder && history.items.length > 0 && history.copiedAt === undefined)

/// Loads the page before what is loaded of a chat.
export async function addOlder(cache: QueryClient, chat: number): Promise<void> {
  const history = cache.getQueryData<History>(keys.history(chat))
  if (!hasOlder(history)) return
  const oldest = history.items[0]!.id
  const { answer, notes } = await inFlightOf(cache).messages.during(chat, () =>
    request<Message[]>(cache, 'GET', '/messages', { query: { chat_id: chat, before_id: oldest, limit: PAGE } }))
  cache.setQueryData<History>(keys.history(chat), (now) =>
    (hasOlder(now) && now.items[0]!.id === oldest ? overlay(withOlder(now, answer, PAGE), notes) : now))
}

export function useHistory(chat: number) {
  const cache = useQueryClient()
  const query = useQuery(historyQuery(cache, chat))
  const [loadingOlder, setLoadingOlder] = useState(false)
  const busy = useRef(false)
  const known = useCallback(() => cache.getQueryData<History>(keys.history(chat)), [cache, chat])
  const change = useCallback((edit: (now: History) => History) =>
    cache.setQueryData<History>(keys.history(chat), (now) => now && edit(now)), [cache, chat])

  const load = useCallback(async (work: () => Promise<void>) => {
    if (busy.current) return
    busy.current = true
    try {
      await work()
    } catch {
      // Wait before the scroll position triggers the next try.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    } finally {
      busy.current = false
    }
  }, [])

  const loadOlder = useCallback(() => load(async () => {
    if (!hasOlder(known())) return
    setLoadingOlder(true)
    try {
      await addOlder(cache, chat)
    } finally {
      setLoadingOlder(false)
    }
  }), [cache, chat, known, load])

  const loadNewer = useCallback(() => load(async () => {
    const newest = known()?.items.at(-1)
    if (!known()?.hasNewer || !newest) return
    const { answer, notes } = await inFlightOf(cache).messages.during(chat, () =>
      request<Message[]>(cache, 'GET', '/messages', { query: { chat_id: chat, after_id: newest.id, limit: PAGE } }))
    change((now) => (now.items.at(-1)?.id === newest.id ? overlay(withNewer(now, answer, PAGE), notes) : now))
  }), [cache, chat, change, known, load])

  /// Loads the messages around one, unless it is there. Fails if it does not exist or cannot be read.
  const loadAround = useCallback(async (id: number) => {
    if (known()?.items.some((message) => message.id === id)) return
    const history = await fetchAround(cache, chat, id)
    if (!history.items.some((message) => message.id === id)) throw new ApiError(404, 'not_found', '')
    cache.setQueryData<History>(keys.history(chat), history)
  }, [cache, chat, known])

  const loadNewest = useCallback(async () => {
    const now = known()
    if (now?.hasNewer) cache.setQueryData<History>(keys.history(chat), now.newest ? ending(now.newest) : await fetchNewest(cache, chat, PAGE))
  }, [cache, chat, known])

  return {
    history: query.data, isPending: query.isPending, isError: query.isError, refetch: query.refetch,
    loadOlder, loadingOlder, loadNewer, loadAround, loadNewest,
  }
}

/// The first message at or after a time; none if nothing was said since.
export async function firstSince(cache: QueryClient, chat: number, since: Date): Promise<Message | undefined> {
  const page = await request<Message[]>(cache, 'GET', '/messages', { query: { chat_id: chat, since: since.toISOString().slice(0, 19), limit: 1 } })
  return page[0]
}

/// A signed URL of an attachment, valid for some minutes.
/// A link is valid a minute longer.
export const LINK_MS = 4 * 60_000

export const linkQuery = (id: string) => queryOptions({
  queryKey: keys.link(id),
  queryFn: async ({ signal, client }) => {
    const file = await request<Attachment>(client, 'GET', `/attachments/${id}/info`, { signal })
    return { ...file, url: file.url && absolute(client, file.url) }
  },
  staleTime: LINK_MS,
  gcTime: LINK_MS,
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

/// A small picture of an image or a video; of one without a thumbnail, the image itself.
export function useThumbnail(attachment: Attachment | undefined, enabled = true) {
  const id = attachment?.id ?? ''
  const small = attachment?.has_thumbnail ?? false
  return useQuery({
    queryKey: small ? keys.thumbnail(id) : keys.blob(id),
    queryFn: async ({ signal, client }) => URL.createObjectURL(await bytes(client, `/attachments/${id}${small ? '/thumbnail' : ''}`, signal)),
    enabled: enabled && id !== '' && (small || attachment!.content_type.startsWith('image/')),
    staleTime: Infinity,
    gcTime: 10 * 60_000,
  })
}

/// The user's drafts in all chats and threads: written by the socket, fetched once.
export const draftsQuery = queryOptions({
  queryKey: keys.drafts,
  queryFn: ({ signal, client }) => request<Draft[]>(client, 'GET', '/drafts', { signal }),
  staleTime: Infinity,
})

/// Who is typing in a chat: written by the socket, never fetched.
export function useTyping(chat: number): number[] {
  const { data } = useQuery<number[]>({ queryKey: keys.typing(chat), queryFn: () => [], initialData: [], staleTime: Infinity })
  return data
}

/// How many reports are open, for administrators. Kept up to date by the socket.
export const useOpenReports = (isAdmin: boolean) => useQuery({
  queryKey: keys.openReports,
  queryFn: async ({ signal, client }) => (await request<ServerStatus>(client, 'GET', '/admin/status', { signal })).open_reports,
  staleTime: Infinity,
  enabled: isAdmin,
}).data ?? 0

/// What the administrators announce to everybody.
export const useAnnouncement = () => useQuery({
  queryKey: keys.announcement,
  queryFn: async ({ signal, client }) => (await request<CurrentAnnouncement>(client, 'GET', '/announcement', { signal })).announcement ?? null,
  staleTime: 60_000,
  refetchInterval: 5 * 60_000,
}).data
