import type { FormEvent } from 'react'
import { explain } from '@/api/explain'
import type { OutgoingWebhook, WebhookEvent } from '@/api/types'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT, type Key } from '@/lib/i18n'
import styles from './Integrations.module.css'
import type { OutgoingForm as Form } from './server'

export const events: Record<WebhookEvent, Key> = {
  'message.created': 'webhooks.event.created',
  'message.updated': 'webhooks.event.updated',
  'message.deleted': 'webhooks.event.deleted',
  'messages.deleted': 'webhooks.event.expired',
  'member.added': 'webhooks.event.joined',
  'member.updated': 'webhooks.event.role',
  'member.removed': 'webhooks.event.left',
  'chat.updated': 'webhooks.event.chat',
  'command.invoked': 'webhooks.event.command',
}

interface Props {
  label: string
  action: string
  ofBot: boolean
  webhook?: OutgoingWebhook
  change: { isPending: boolean; error: Error | null }
  onSave: (form: Form) => void
  onCancel?: () => void
}

/// Where events go, and which.
export function OutgoingForm({ label, action, ofBot, webhook, change, onSave, onCancel }: Props) {
  const t = useT()
  const usual: WebhookEvent[] = webhook?.events ?? ['message.created', 'command.invoked']
  const offered = (Object.keys(events) as WebhookEvent[]).filter((event) => ofBot || event !== 'command.invoked')
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    onSave({ name: String(form.get('name')).trim(), url: String(form.get('url')).trim(), events: form.getAll('event') as WebhookEvent[] })
  }
  return (
    <form className={styles.block} aria-label={label} onSubmit={submit}>
      <Field label={t('webhooks.name')} name="name" defaultValue={webhook?.name} required maxLength={64} autoFocus={!webhook} autoComplete="off" dir="auto" />
      <Field label={t('webhooks.url')} name="url" type="url" dir="ltr" defaultValue={webhook?.url} required maxLength={2048} autoComplete="off" hint={t('webhooks.url.hint')} />
      <fieldset className={styles.boxes}>
        <legend>{t('webhooks.events')}</legend>
        {offered.map((event) => <label key={event}><input type="checkbox" name="event" value={event} defaultChecked={usual.includes(event)} />{t(events[event])}</label>)}
      </fieldset>
      <Problem>{change.error ? t(explain(change.error)) : null}</Problem>
      <div className={styles.buttons}>
        <Button type="submit" look="main" busy={change.isPending}>{action}</Button>
        {onCancel && <Button onClick={onCancel}>{t('common.cancel')}</Button>}
      </div>
    </form>
  )
}
