/// For how long the server keeps messages, as administrators ask and change it.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Retention, RetentionPreview } from '@/api/types'
import { allChats } from './allChats'

export interface RetentionChange {
  message_days?: number | null
  exempt_chat_ids?: number[]
}

export const useRetention = () => useQuery({
  queryKey: keys.retention,
  queryFn: ({ signal, client }) => request<Retention>(client, 'GET', '/admin/retention', { signal }),
}).data

/// How many messages would be deleted.
export const usePreviewRetention = () => useMutation({
  mutationFn: ({ message_days, exempt_chat_ids = [] }: RetentionChange, { client }) => {
    const rule = new URLSearchParams({ message_days: String(message_days), exempt_chat_ids: exempt_chat_ids.join(',') })
    return request<RetentionPreview>(client, 'GET', `/admin/retention/preview?${rule}`)
  },
})

export function useChangeRetention() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (body: RetentionChange, { client }) => request<undefined>(client, 'PATCH', '/admin/retention', { body }),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: allChats })
      return cache.invalidateQueries({ queryKey: keys.retention })
    },
  })
}
