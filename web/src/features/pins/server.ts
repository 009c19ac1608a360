import { useQuery } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Message } from '@/api/types'

/// The pinned messages of a chat, the last pinned first.
export const usePins = (chat: number) => useQuery({
  queryKey: keys.pins(chat),
  queryFn: ({ signal, client }) => request<Message[]>(client, 'GET', `/chats/${chat}/pins`, { signal }),
  staleTime: 60_000,
}).data
