import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { messageCreated } from '@/api/events'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Message, Scheduled } from '@/api/types'

/// The messages of a chat that the user sends later, the next one first.
export const useScheduled = (chat: number) => useQuery({
  queryKey: keys.scheduled(chat),
  queryFn: ({ signal, client }) => request<Scheduled[]>(client, 'GET', '/scheduled', { query: { chat_id: chat }, signal }),
  staleTime: 60_000,
})

export function useReschedule(chat: number) {
  const cache = useQueryClient()
  const refetch = () => cache.invalidateQueries({ queryKey: keys.scheduled(chat) })
  const change = useMutation({
    mutationFn: ({ id, ...form }: { id: number; content?: string; send_at?: string }, { client }) => request<Scheduled>(client, 'PATCH', `/scheduled/${id}`, { body: form }),
    onSuccess: refetch,
  })
  const cancel = useMutation({ mutationFn: (id: number, { client }) => request(client, 'DELETE', `/scheduled/${id}`), onSuccess: refetch })
  const sendNow = useMutation({
    mutationFn: (id: number, { client }) => request<Message>(client, 'POST', `/scheduled/${id}/send`),
    onSuccess: (message) => {
      messageCreated(cache, message)
      return refetch()
    },
  })
  return { change, cancel, sendNow }
}
