/// Puts what was written into the outbox; says that somebody is typing, now and then.

import { useMemo } from 'react'
import { doneTyping, sayTyping } from '@/api/live'
import { send } from '@/api/outbox'
import type { Quote } from '@/api/types'
import { kindOf, measure, measureFilm } from '@/lib/media'
import { extension, type Recording } from '@/lib/recorder'

/// What is sent next answers `quoted`, if there is one.
export function useSending(chat: number, quoted: Quote | null) {
  return useMemo(() => {
    return {
      typing: () => sayTyping(chat),
      sendText: (content: string) => {
        doneTyping()
        send({ chat_id: chat, type: 'text', content, reply_to: quoted })
      },
      sendVoice: ({ blob, type, codec, duration_ms, waveform }: Recording) => send({
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
          const payload = kind === 'image' ? await measure(file) : kind === 'video' ? await measureFilm(file) : null
          send({
            chat_id: chat,
            // A picture or a film that this browser cannot read is sent as it is.
            type: payload ? kind : 'file',
            content: index === 0 ? caption : null,
            payload: payload && { ...payload },
            file: { blob: file, name: file.name || `file-${index + 1}`, type },
            reply_to: index === 0 ? quoted : null,
          })
        }
      },
    }
  }, [chat, quoted])
}
