import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from 'sonner'
import { request } from '@/api/http'
import { useT } from '@/lib/i18n'

/// Replies that the assistant suggests. They are asked for only by the user: the messages of the chat go to its model.
export function useSuggestions(chat: number) {
  const t = useT()
  const [texts, setTexts] = useState<string[]>([])
  const { mutate } = useMutation({
    mutationFn: (_: void, { client }) => request<{ suggestions: string[] }>(client, 'GET', '/ai/suggestions', { query: { chat_id: chat } }),
    onSuccess: ({ suggestions }) => {
      setTexts([...new Set(suggestions)])
      if (suggestions.length === 0) toast(t('assistant.no_suggestions'))
    },
  })
  return { texts, suggest: () => mutate(), clear: () => setTexts([]) }
}
