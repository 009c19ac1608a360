/// What the server knows about single messages: readers, edits, voters, pins and bookmarks.

import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { messageUpdated } from '@/api/events'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Bookmark, Edit, Message, Person, Receipts } from '@/api/types'

export const useReceipts = (message: number) => useQuery({
  queryKey: keys.receipts(message),
  queryFn: ({ signal, client }) => request<Receipts>(client, 'GET', `/messages/${message}/receipts`, { signal }),
  staleTime: 0,
})

export const useEdits = (message: number, enabled: boolean) => useQuery({
  queryKey: keys.edits(message),
  queryFn: ({ signal, client }) => request<Edit[]>(client, 'GET', `/messages/${message}/edits`, { signal }),
  enabled,
  staleTime: 0,
})

export const useVoters = (message: number, option: number) => useQuery({
  queryKey: keys.voters(message, option),
  queryFn: ({ signal, client }) => request<Person[]>(client, 'GET', `/messages/${message}/voters`, { query: { option }, signal }),
  staleTime: 0,
})

export const bookmarksQuery = queryOptions({
  queryKey: keys.bookmarks,
  queryFn: ({ signal, client }) => request<Bookmark[]>(client, 'GET', '/bookmarks', { query: { limit: 200 }, signal }),
  staleTime: Infinity,
})

export function usePin() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ message, on }: { message: Message; on: boolean }, { client }) =>
      request<Message | undefined>(client, on ? 'PUT' : 'DELETE', `/messages/${message.id}/pin`),
    onSuccess: (changed, { message }) => {
      messageUpdated(cache, changed ?? { ...message, pinned_at: null })
      void cache.invalidateQueries({ queryKey: keys.pins(message.chat_id) })
    },
  })
}

export function useBookmark() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ message, on }: { message: Message; on: boolean }, { client }) =>
      request(client, on ? 'PUT' : 'DELETE', `/messages/${message.id}/bookmark`, { body: on ? {} : undefined }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.bookmarks }),
  })
}

export function useClosePoll() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (message: Message, { client }) => request<Message>(client, 'POST', `/messages/${message.id}/close`),
    onSuccess: (message) => messageUpdated(cache, message),
  })
}

export function useRemovePreviews() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (message: Message, { client }) => request(client, 'DELETE', `/messages/${message.id}/previews`),
    onSuccess: (_, message) => messageUpdated(cache, { ...message, previews: [] }),
  })
}
