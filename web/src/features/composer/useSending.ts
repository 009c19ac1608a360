/// Puts messages into the outbox and reports typing.

import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { resetTyping, sendTyping } from '@/api/live'
import { send } from '@/api/outbox'
import type { Quote } from '@/api/types'
import { kindOf, measure, measureVideo } from '@/lib/media'
import { extension, type Recording } from '@/lib/recorder'

/// The next message is a reply to `quoted`, if set.
export function useSending(chat: number, quoted: Quote | null) {
  const cache = useQueryClient()
  return useMemo(() => {
    return {
      typing: () => sendTyping(cache, chat),
      sendText: (content: string) => {
        resetTyping(cache)
        send(cache, { chat_id: chat, type: 'text', content, reply_to: quoted })
      },
      sendVoice: ({ blob, type, codec, duration_ms, waveform }: Recording) => send(cache, {
        chat_id: chat,
        type: 'voice',
        payload: { duration_ms, codec, waveform },
        file: { blob, name: `voice.${extension(type)}`, type },
        reply_to: quoted,
      }),
      /// Each file is a message; the caption goes with the first.
      sendFiles: async (files: File[], caption: string | null) => {
        for (const [index, file] of files.entries()) {
          const type = file.type || 'application/octet-stream'
          const kind = kindOf(type)
          const payload = kind === 'image' ? await measure(file) : kind === 'video' ? await measureVideo(file) : null
          send(cache, {
            chat_id: chat,
            // An image or a video that this browser cannot read is sent as a file.
            type: payload ? kind : 'file',
            content: index === 0 ? caption : null,
            payload: payload && { ...payload },
            file: { blob: file, name: file.name || `file-${index + 1}`, type },
            reply_to: index === 0 ? quoted : null,
          })
        }
      },
    }
  }, [cache, chat, quoted])
}
