import { ChevronRight, Send } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { OutgoingWebhook } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Problem } from '@/components/Problem'
import { Secret } from '@/components/Secret'
import { copyText } from '@/lib/clipboard'
import { useT } from '@/lib/i18n'
import styles from './Integrations.module.css'
import { OutgoingDialog } from './OutgoingDialog'
import { OutgoingForm } from './OutgoingForm'
import { useCreateOutgoing, useOutgoing, type Source } from './server'

/// Programs that are told what happens in a chat, or in all chats of a bot.
export function OutgoingWebhooks({ source }: { source: Source }) {
  const t = useT()
  const { data: webhooks, error } = useOutgoing(source)
  const create = useCreateOutgoing(source)
  const [making, setMaking] = useState(false)
  const [open, setOpen] = useState<number | null>(null)
  const [secret, setSecret] = useState<string | null>(null)
  const shown = webhooks?.find(({ id }) => id === open)
  const ofBot = 'bot' in source
  return (
    <section className={styles.block} aria-label={t('webhooks.outgoing')}>
      {ofBot && <h4>{t('webhooks.outgoing')}</h4>}
      <p className={styles.note}>{ofBot ? t('webhooks.outgoing.bot') : t('webhooks.outgoing.hint')}</p>
      <Problem>{error ? t(explain(error)) : null}</Problem>
      {secret && <Secret note={t('webhooks.secret.once')} secret={secret} copy={t('webhooks.secret.copy')} onCopy={() => void copyText(secret).then(() => toast(t('message.copied')))} />}
      {!webhooks && !error && <Spinner />}
      {webhooks?.length === 0 && !making && <p className={styles.empty}>{t('webhooks.none')}</p>}
      <ul className={styles.list} aria-label={t('webhooks.outgoing')}>
        {webhooks?.map((webhook) => (
          <li key={webhook.id}>
            <button type="button" className={styles.row} onClick={() => { setSecret(null); setOpen(webhook.id) }}>
              <Send size={20} aria-hidden="true" />
              <span className={styles.what}>
                <b dir="auto">{webhook.name}</b>
                <small dir="ltr" className={styles.address} title={webhook.url}>{webhook.url}</small>
                <State webhook={webhook} />
              </span>
              <ChevronRight size={18} aria-hidden="true" />
            </button>
          </li>
        ))}
      </ul>
      {making
        ? (
          <div className={styles.form}>
            <OutgoingForm
              label={t('webhooks.new')}
              action={t('webhooks.create')}
              ofBot={ofBot}
              change={create}
              onCancel={() => setMaking(false)}
              onSave={(form) => create.mutate(form, { onSuccess: (made) => { setSecret(made.secret); setMaking(false) } })}
            />
          </div>
        )
        : <Button onClick={() => { setSecret(null); setMaking(true) }}>{t('webhooks.new')}</Button>}
      {shown && <OutgoingDialog source={source} webhook={shown} onClose={() => setOpen(null)} />}
    </section>
  )
}

/// Whether it works; nothing if it does.
export function State({ webhook: { enabled, failing_since } }: { webhook: OutgoingWebhook }) {
  const t = useT()
  if (!enabled) return <small className={styles.bad}>{t('webhooks.off')}</small>
  return failing_since ? <small className={styles.warning}>{t('webhooks.failing')}</small> : null
}
