import { useMutation } from '@tanstack/react-query'
import { noteLacking } from '@/api/abilities'
import { messageCreated } from '@/api/events'
import { request } from '@/api/http'
import type { Meeting } from '@/api/types'

/// Creates a video meeting; its link is posted in the chat.
export const useMeet = (chat: number) => useMutation({
  mutationFn: (_: void, { client }) => request<Meeting>(client, 'POST', `/chats/${chat}/meeting`, { body: { post: true } }),
  onSuccess: ({ message }, _form, _before, { client }) => { if (message) messageCreated(client, message) },
  onError: (error, _form, _before, { client }) => noteLacking(client, 'meetings', error),
})
