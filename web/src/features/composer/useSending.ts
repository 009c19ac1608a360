/// Puts messages into the outbox and reports typing.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { resetTyping, sendTyping } from '@/api/live'
import { send } from '@/api/outbox'
import type { Quote, Scheduled } from '@/api/types'
import { kindOf, measure, measureVideo } from '@/lib/media'
import { extension, type Recording } from '@/lib/recorder'

export interface Place {
  chat: number
  thread: number | null
  /// The next message is a reply to it.
  quoted: Quote | null
}

export interface How {
  silent?: boolean
  /// People without a user name that the text mentions.
  mentions?: number[]
}

export function useSending({ chat, thread, quoted }: Place) {
  const cache = useQueryClient()
  return useMemo(() => {
    const place = { chat_id: chat, thread_id: thread, reply_to: quoted }
    return {
      typing: () => sendTyping(cache, chat),
      sendText: (content: string, how: How = {}) => {
        resetTyping(cache)
        send(cache, { ...place, type: 'text', content, ...how })
      },
      sendVoice: ({ blob, type, codec, duration_ms, waveform }: Recording) => send(cache, {
        ...place,
        type: 'voice',
        payload: { duration_ms, codec, waveform },
        file: { blob, name: `voice.${extension(type)}`, type },
      }),
      /// Each file is a message; the caption goes with the first.
      sendFiles: async (files: File[], caption: string | null, how: How = {}) => {
        for (const [index, file] of files.entries()) {
          const type = file.type || 'application/octet-stream'
          const kind = kindOf(type)
          const payload = kind === 'image' ? await measure(file) : kind === 'video' ? await measureVideo(file) : null
          send(cache, {
            ...place,
            // An image or a video that this browser cannot read is sent as a file.
            type: payload ? kind : 'file',
            content: index === 0 ? caption : null,
            payload: payload && { ...payload },
            file: { blob: file, name: file.name || `file-${index + 1}`, type },
            reply_to: index === 0 ? quoted : null,
            silent: how.silent,
            mentions: index === 0 ? how.mentions : undefined,
          })
        }
      },
    }
  }, [cache, chat, thread, quoted])
}

export function useSendLater({ chat, thread, quoted }: Place) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ content, at, silent, mentions }: { content: string; at: Date } & How, { client }) => request<Scheduled>(client, 'POST', '/scheduled', {
      body: { chat_id: chat, thread_id: thread, reply_to: quoted?.id, type: 'text', content, silent, mentions, send_at: at.toISOString() },
    }),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.scheduled(chat) }),
  })
}
