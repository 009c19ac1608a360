/// The groups and channels of the server, as administrators see and change them.

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { ChatOverview, ChatOverviews, OwnerCandidate } from '@/api/types'

const PAGE = 50
const MOST = 200

/// What changes when a chat does.
export const allChats = ['all-chats'] as const

/// Those whose titles contain the words, the last active first.
export const useAllChats = (words: string) => useInfiniteQuery({
  queryKey: keys.allChats(words),
  initialPageParam: undefined as string | undefined,
  queryFn: ({ signal, client, pageParam }) =>
    request<ChatOverviews>(client, 'GET', '/admin/chats', { query: { query: words || undefined, cursor: pageParam, limit: PAGE }, signal }),
  getNextPageParam: ({ cursor }) => cursor ?? undefined,
  // A chat whose newest message was deleted between two pages is on both.
  select: ({ pages }): ChatOverview[] => [...new Map(pages.flatMap(({ chats }) => chats).map((chat) => [chat.id, chat])).values()],
  staleTime: 0,
  placeholderData: (before) => before,
})

/// Those whose messages are kept for ever.
export const useExemptChats = () => useQuery({
  queryKey: keys.exemptChats,
  queryFn: ({ signal, client }) => request<ChatOverviews>(client, 'GET', '/admin/chats', { query: { exempt: 'true', limit: MOST }, signal }),
  staleTime: 0,
}).data?.chats

/// The members who can become the owner of a chat.
export const useOwnerCandidates = (chat: number, words: string) => useQuery({
  queryKey: keys.ownerCandidates(chat, words),
  queryFn: ({ signal, client }) =>
    request<OwnerCandidate[]>(client, 'GET', `/admin/chats/${chat}/owner-candidates`, { query: { query: words || undefined, limit: PAGE }, signal }),
  staleTime: 0,
  placeholderData: (before) => before,
})

export function useDeleteAnyChat() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (chat: number, { client }) => request<undefined>(client, 'DELETE', `/admin/chats/${chat}`),
    onSuccess: () => {
      // A deleted chat is no exception any more.
      void cache.invalidateQueries({ queryKey: keys.retention })
      return cache.invalidateQueries({ queryKey: allChats })
    },
  })
}

export function useSetOwner(chat: number) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (user_id: number, { client }) => request<undefined>(client, 'PUT', `/admin/chats/${chat}/owner`, { body: { user_id } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: allChats }),
  })
}
