import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { onMessage } from '@/api/live'
import { useMe, useMembers, usePerson } from '@/api/queries'
import type { Message } from '@/api/types'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { summary } from '@/lib/system'

/// A polite live region that announces new messages of the open chat to screen readers.
export function Announcer({ chat }: { chat: number }) {
  const t = useT()
  const cache = useQueryClient()
  const me = useMe()
  const members = useMembers(chat)
  const [message, setMessage] = useState<Message | null>(null)
  const author = usePerson(message?.author_id, members)
  useEffect(() => onMessage(cache, (heard) => {
    if (heard.chat_id === chat && heard.author_id !== me?.id && heard.type !== 'system') setMessage(heard)
  }), [cache, chat, me?.id])
  return (
    <p className="visually-hidden" aria-live="polite">
      {message && t('history.announce', { name: authorName(t, message, author), text: summary(t, message) })}
    </p>
  )
}
