import { usePerson } from '@/api/queries'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import styles from './Content.module.css'

/// The question that the assistant answers, and who asked it.
export function AskedPart({ message }: { message: Message }) {
  const { question, asked_by } = message.payload ?? {}
  const asker = usePerson(typeof asked_by === 'number' ? asked_by : null)
  if (typeof question !== 'string') return null
  return (
    <blockquote className={styles.quote}>
      <b>{asker?.display_name}</b>
      <span dir="auto">{question}</span>
    </blockquote>
  )
}

/// Which host received how many messages for this answer.
export function SentPart({ message }: { message: Message }) {
  const t = useT()
  const { writing, sent_to, sent_messages, model } = message.payload ?? {}
  if (writing === true) return <small className={styles.sent}>{t('message.ai.writing')}</small>
  if (typeof sent_to !== 'string' || typeof sent_messages !== 'number') return null
  const title = typeof model === 'string' ? model : undefined
  return <small className={styles.sent} title={title}>{t('message.ai.sent', { count: sent_messages, host: sent_to })}</small>
}
