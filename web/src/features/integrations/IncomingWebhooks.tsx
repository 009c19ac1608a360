import { Pencil, RefreshCw, Trash2, Webhook as WebhookIcon } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { Webhook, WebhookWithUrl } from '@/api/types'
import { Button, IconButton, Spinner } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { Secret } from '@/components/Secret'
import { Time } from '@/components/Time'
import { copyText } from '@/lib/clipboard'
import { useT } from '@/lib/i18n'
import styles from './Integrations.module.css'
import { useCreateWebhook, useDeleteWebhook, useRenameWebhook, useRotateWebhook, useWebhooks } from './server'

type Doing = { what: 'rename' | 'rotate' | 'delete'; webhook: Webhook } | { what: 'create' } | null

/// Addresses to which programs post messages of this chat.
export function IncomingWebhooks({ chat }: { chat: number }) {
  const t = useT()
  const { data: webhooks, error } = useWebhooks(chat)
  const [doing, setDoing] = useState<Doing>(null)
  const [made, setMade] = useState<WebhookWithUrl | null>(null)
  const create = useCreateWebhook(chat)
  const rename = useRenameWebhook(chat)
  const rotate = useRotateWebhook(chat)
  const erase = useDeleteWebhook(chat)
  const done = () => setDoing(null)
  const show = (webhook: WebhookWithUrl) => { setMade(webhook); done() }
  return (
    <section className={styles.block} aria-label={t('webhooks.incoming')}>
      <p className={styles.note}>{t('webhooks.incoming.hint')}</p>
      <Problem>{error ? t(explain(error)) : null}</Problem>
      {made && (
        <Secret note={t('webhooks.url.once', { name: made.name })} secret={made.url} copy={t('webhooks.url.copy')} onCopy={() => void copyText(made.url).then(() => toast(t('message.copied')))}>
          <pre className={styles.example} dir="ltr">{example(made.url, t('webhooks.example'))}</pre>
        </Secret>
      )}
      {!webhooks && !error && <Spinner />}
      {webhooks?.length === 0 && doing?.what !== 'create' && <p className={styles.empty}>{t('webhooks.none')}</p>}
      <ul className={styles.list} aria-label={t('webhooks.incoming')}>
        {webhooks?.map((webhook) => (
          <li key={webhook.id}>
            {doing?.what === 'rename' && doing.webhook.id === webhook.id
              ? <NameForm label={t('webhooks.rename', { name: webhook.name })} name={webhook.name} action={t('common.save')} change={rename} onSave={(name) => rename.mutate({ id: webhook.id, name }, { onSuccess: done })} onCancel={done} />
              : (
                <>
                  <WebhookIcon size={20} />
                  <p className={styles.what}>
                    <b dir="auto">{webhook.name}</b>
                    <small>{webhook.last_used_at ? <>{t('webhooks.used')} <Time at={webhook.last_used_at} form="brief" /></> : t('webhooks.unused')}</small>
                  </p>
                  <span className={styles.tools}>
                    <IconButton label={t('webhooks.rename', { name: webhook.name })} onClick={() => setDoing({ what: 'rename', webhook })}><Pencil size={18} /></IconButton>
                    <IconButton label={t('webhooks.rotate', { name: webhook.name })} onClick={() => setDoing({ what: 'rotate', webhook })}><RefreshCw size={18} /></IconButton>
                    <IconButton label={t('webhooks.delete.which', { name: webhook.name })} onClick={() => setDoing({ what: 'delete', webhook })}><Trash2 size={18} /></IconButton>
                  </span>
                </>
              )}
          </li>
        ))}
      </ul>
      {doing?.what === 'create'
        ? <div className={styles.form}><NameForm label={t('webhooks.new')} action={t('webhooks.create')} change={create} onSave={(name) => create.mutate({ name }, { onSuccess: show })} onCancel={done} /></div>
        : <Button look={webhooks?.length === 0 ? 'main' : 'plain'} onClick={() => { setMade(null); setDoing({ what: 'create' }) }}>{t('webhooks.new')}</Button>}
      {doing?.what === 'rotate' && (
        <Confirm title={t('webhooks.rotate', { name: doing.webhook.name })} action={t('webhooks.rotate.do')} busy={rotate.isPending} onClose={done} onConfirm={() => rotate.mutate(doing.webhook.id, { onSuccess: show })}>
          <p>{t('webhooks.rotate.hint')}</p>
        </Confirm>
      )}
      {doing?.what === 'delete' && (
        <Confirm title={t('webhooks.delete.sure', { name: doing.webhook.name })} action={t('webhooks.delete')} busy={erase.isPending} onClose={done} onConfirm={() => erase.mutate(doing.webhook.id, { onSuccess: done })}>
          <p>{t('webhooks.delete.hint')}</p>
        </Confirm>
      )}
    </section>
  )
}

const example = (url: string, text: string) => `curl -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify({ text })}' \\\n  ${url}`

interface NameProps {
  label: string
  name?: string
  action: string
  change: { isPending: boolean; error: Error | null }
  onSave: (name: string) => void
  onCancel: () => void
}

function NameForm({ label, name, action, change, onSave, onCancel }: NameProps) {
  const t = useT()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    onSave(String(new FormData(event.currentTarget).get('name')).trim())
  }
  return (
    <form className={styles.block} aria-label={label} onSubmit={submit}>
      <Field label={t('webhooks.name')} name="name" defaultValue={name} required maxLength={64} autoFocus autoComplete="off" dir="auto" hint={t('webhooks.name.hint')} />
      <Problem>{change.error ? t(explain(change.error)) : null}</Problem>
      <div className={styles.buttons}>
        <Button type="submit" look="main" busy={change.isPending}>{action}</Button>
        <Button onClick={onCancel}>{t('common.cancel')}</Button>
      </div>
    </form>
  )
}
