import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import { onMessage } from '@/api/live'
import { Area } from '@/components/Area'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import styles from './Assistant.module.css'
import { useAsk } from './server'

/// Asks the assistant a question; it answers in the chat.
export function AskDialog({ chat, me, onClose }: { chat: number; me: number; onClose: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const [question, setQuestion] = useState('')
  const shown = useRef(true)
  const ask = useAsk(chat, (error) => { if (!shown.current) toast.error(t(explain(error))) })
  // The first words of the answer are in the chat: there is no more to wait for here.
  const close = useEffectEvent(onClose)
  useEffect(() => {
    shown.current = true
    return () => { shown.current = false }
  }, [])
  useEffect(() => onMessage(cache, (message) => {
    if (message.type === 'ai' && message.chat_id === chat && message.payload?.asked_by === me) close()
  }), [cache, chat, me])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (question.trim()) ask.mutate(question.trim(), { onSuccess: onClose })
  }
  return (
    <Dialog title={t('assistant.ask')} onClose={onClose}>
      <form className={styles.body} onSubmit={submit}>
        <Area label={t('assistant.question')} data-first required maxLength={4000} value={question} onChange={(event) => setQuestion(event.target.value)} />
        <p className={styles.note}>{t('assistant.ask.hint')}</p>
        <Problem>{ask.isError ? t(explain(ask.error)) : null}</Problem>
        <Button type="submit" look="main" busy={ask.isPending} disabled={!question.trim()}>{t('assistant.ask.send')}</Button>
      </form>
    </Dialog>
  )
}
