/// Puts messages into the outbox and reports typing.

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { toast } from 'sonner'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { resetTyping, sendTyping } from '@/api/live'
import { onCommandInvoked, send } from '@/api/outbox'
import type { NewMessage, Payload, Quote, Scheduled } from '@/api/types'
import { useT } from '@/lib/i18n'
import { kindOf, measure, measureVideo } from '@/lib/media'
import { extension, type Recording } from '@/lib/recorder'
import { bundles, type StagedFile } from './bundles'

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
  const t = useT()
  useEffect(() => onCommandInvoked(cache, (where, command) => {
    // The thread beside the chat says nothing about it a second time.
    if (where === chat && thread === null) toast(t('composer.command_sent', { command }))
  }), [cache, chat, thread, t])
  return useMemo(() => {
    const place = { chat_id: chat, thread_id: thread, reply_to: quoted }
    return {
      typing: () => sendTyping(cache, chat),
      sendText: (content: string, how: How = {}) => {
        resetTyping(cache)
        send(cache, { ...place, type: 'text', content, clear_draft: true, ...how })
      },
      sendVoice: ({ blob, type, codec, duration_ms, waveform }: Recording) => send(cache, {
        ...place,
        type: 'voice',
        payload: { duration_ms, codec, waveform },
        files: [{ blob, name: `voice.${extension(type)}`, type }],
      }),
      /// Files as few messages as possible; what is replied to and whom the text means belong to the first of them.
      sendFiles: async (staged: StagedFile[], common: string, how: How = {}) => {
        for (const [index, { files, caption }] of bundles(staged, common).entries()) {
          const { type, payload } = await describe(files)
          send(cache, {
            ...place,
            type,
            content: caption,
            payload,
            files: files.map((file, at) => ({ blob: file, name: file.name || `file-${at + 1}`, type: typeOf(file) })),
            reply_to: index === 0 ? quoted : null,
            silent: how.silent,
            mentions: caption === common.trim() ? how.mentions : undefined,
            clear_draft: caption === common.trim(),
          })
        }
      },
    }
  }, [cache, chat, thread, quoted])
}

const typeOf = (file: File) => file.type || 'application/octet-stream'

/// The type of a message with these files. Pictures and videos go together; an image or a video that this browser cannot
/// read is sent as a file, and what comes with it too.
async function describe(files: File[]): Promise<{ type: NewMessage['type']; payload: Payload | null }> {
  if (files.length === 0) return { type: 'text', payload: null }
  const kinds = files.map((file) => kindOf(typeOf(file)))
  if (kinds.includes('file')) return { type: 'file', payload: null }
  const sizes = await Promise.all(files.map((file, at) => (kinds[at] === 'image' ? measure(file) : measureVideo(file))))
  if (sizes.includes(null)) return { type: 'file', payload: null }
  return { type: kinds[0]!, payload: files.length === 1 ? { ...sizes[0] } : null }
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
