import { useId, useState } from 'react'
import { useChats } from '@/api/queries'
import { Button } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Field } from '@/components/Field'
import { useT } from '@/lib/i18n'
import { useExemptChats } from './allChats'
import { ExemptChoice } from './ExemptChoice'
import { useChangeRetention, usePreviewRetention, useRetention, type RetentionChange } from './retentionRule'
import styles from './Settings.module.css'

const MAX_DAYS = 36_500

/// For how long the server keeps messages, and in which chats for ever. What deletes messages is confirmed first.
export function Retention() {
  const t = useT()
  const hint = useId()
  const kept = useRetention()
  const { chats } = useChats()
  const groups = useExemptChats()
  const [typed, setTyped] = useState<string | null>(null)
  const [asking, setAsking] = useState<{ change: RetentionChange; messages: number } | null>(null)
  const [choosing, setChoosing] = useState(false)
  const change = useChangeRetention()
  const preview = usePreviewRetention()
  if (!kept) return null
  const { message_days: days = null, exempt_chat_ids: exempt } = kept
  const text = typed ?? String(days ?? '')
  const wanted = text.trim() === '' ? null : Number(text)
  const valid = wanted === null || (Number.isInteger(wanted) && wanted >= 1 && wanted <= MAX_DAYS)
  const title = (id: number) => {
    const own = chats?.find((chat) => chat.id === id)
    if (own) return own.title || t('chats.saved')
    return groups?.find((chat) => chat.id === id)?.title ?? t('admin.retention.chat', { id })
  }
  const save = (one: RetentionChange) => change.mutate(one, { onSuccess: () => setTyped(null), onSettled: () => setAsking(null) })
  const ask = (one: RetentionChange) => preview.mutate(
    { message_days: days, exempt_chat_ids: exempt, ...one },
    { onSuccess: ({ messages }) => setAsking({ change: one, messages }) },
  )
  return (
    <form
      className={styles.block}
      aria-label={t('admin.retention')}
      onSubmit={(event) => {
        event.preventDefault()
        if (wanted === null) save({ message_days: null })
        else ask({ message_days: wanted })
      }}
    >
      <h4>{t('admin.retention')}</h4>
      <p className={styles.note}>{days === null ? t('admin.retention.forever') : t('admin.retention.days', { count: days })}</p>
      <div className={styles.line}>
        <Field
          label={t('admin.retention.field')}
          aria-describedby={hint}
          type="number"
          inputMode="numeric"
          min={1}
          max={MAX_DAYS}
          value={text}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button type="submit" look="main" busy={change.isPending || preview.isPending} disabled={!valid || wanted === days}>{t('common.save')}</Button>
      </div>
      <p id={hint} className={styles.note}>{t('admin.retention.hint')}</p>
      {exempt.length > 0 && (
        <ul className={styles.list} aria-label={t('admin.retention.exempt')}>
          {exempt.map((id) => (
            <li key={id}>
              <p><b dir="auto">{title(id)}</b><small>{t('admin.retention.kept')}</small></p>
              <Button
                aria-label={t('admin.retention.include.which', { title: title(id) })}
                onClick={() => {
                  const rest = { exempt_chat_ids: exempt.filter((one) => one !== id) }
                  if (days === null) save(rest)
                  else ask(rest)
                }}
              >
                {t('admin.retention.include')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button onClick={() => setChoosing(true)}>{t('admin.retention.add')}</Button>
      {asking && (
        <Confirm
          title={t('admin.retention.sure')}
          action={t('admin.retention.confirm')}
          busy={change.isPending}
          onClose={() => setAsking(null)}
          onConfirm={() => save(asking.change)}
        >
          <p>{asking.messages ? t('admin.retention.warning', { count: asking.messages }) : t('admin.retention.nothing')}</p>
          <p>{t('admin.retention.final')}</p>
        </Confirm>
      )}
      {choosing && (
        <ExemptChoice
          exempt={exempt}
          busy={change.isPending}
          onClose={() => setChoosing(false)}
          onChoose={(id) => change.mutate({ exempt_chat_ids: [...exempt, id] }, { onSuccess: () => setChoosing(false) })}
        />
      )}
    </form>
  )
}
