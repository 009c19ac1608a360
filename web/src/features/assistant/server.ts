/// What is asked of the server's assistant.

import { useMutation, useQuery } from '@tanstack/react-query'
import { noteLacking } from '@/api/abilities'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { CatchUp, Message } from '@/api/types'

/// Resolves when the answer is complete; its first words arrive before, as a message of the chat. It may fail after that.
export const useAsk = (chat: number, onFailed: (error: Error) => void) => useMutation({
  meta: { quiet: true },
  mutationFn: (question: string, { client }) => request<Message>(client, 'POST', '/ai/ask', { body: { chat_id: chat, question } }),
  onError: (error, _question, _before, { client }) => {
    noteLacking(client, 'assistant', error)
    onFailed(error)
  },
})

/// A summary of what the user has not read; the server makes one for each request.
export const useCatchUp = (chat: number) => useQuery({
  queryKey: keys.catchUp(chat),
  queryFn: async ({ client, signal }) => {
    try {
      return await request<CatchUp>(client, 'POST', `/chats/${chat}/catch-up`, { signal })
    } catch (error) {
      noteLacking(client, 'assistant', error)
      throw error
    }
  },
  staleTime: Infinity,
  gcTime: 0,
  retry: false,
})
