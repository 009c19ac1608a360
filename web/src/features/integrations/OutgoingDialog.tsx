import { useState } from 'react'
import { toast } from 'sonner'
import type { OutgoingWebhook } from '@/api/types'
import { Button } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Dialog } from '@/components/Dialog'
import { Secret } from '@/components/Secret'
import { Segments } from '@/components/Segments'
import { Switch } from '@/components/Switch'
import { copyText } from '@/lib/clipboard'
import { useT } from '@/lib/i18n'
import { Deliveries } from './Deliveries'
import styles from './Integrations.module.css'
import { OutgoingForm } from './OutgoingForm'
import { useDeleteOutgoing, useRotateOutgoing, useUpdateOutgoing, type Source } from './server'

interface Props {
  source: Source
  webhook: OutgoingWebhook
  onClose: () => void
}

/// One outgoing webhook: what was delivered, and its settings.
export function OutgoingDialog({ source, webhook, onClose }: Props) {
  const t = useT()
  const [page, setPage] = useState<'log' | 'settings'>('log')
  return (
    <Dialog title={webhook.name} onClose={onClose}>
      <div className={styles.body} tabIndex={-1}>
        <Segments
          label={t('webhooks.page')}
          value={page}
          onChange={setPage}
          options={[{ value: 'log', text: t('webhooks.log') }, { value: 'settings', text: t('settings.title') }]}
        />
        {page === 'log' ? <Deliveries webhook={webhook} /> : <Options source={source} webhook={webhook} onClose={onClose} />}
      </div>
    </Dialog>
  )
}

function Options({ source, webhook, onClose }: Props) {
  const t = useT()
  const [secret, setSecret] = useState<string | null>(null)
  const [asking, setAsking] = useState<'rotate' | 'delete' | null>(null)
  const update = useUpdateOutgoing(source, webhook.id)
  const rotate = useRotateOutgoing(source)
  const erase = useDeleteOutgoing(source)
  const done = () => setAsking(null)
  return (
    <div className={styles.stack}>
      <div className={styles.block}>
        <Switch
          label={t('webhooks.enabled')}
          hint={webhook.enabled ? t('webhooks.enabled.hint') : webhook.disabled_reason}
          checked={webhook.enabled}
          disabled={update.isPending}
          onChange={(enabled) => update.mutate({ enabled })}
        />
      </div>
      <OutgoingForm
        key={JSON.stringify(webhook.events)}
        label={t('settings.title')}
        action={t('common.save')}
        ofBot={'bot' in source}
        webhook={webhook}
        change={update}
        onSave={(form) => update.mutate(form, { onSuccess: () => toast.success(t('profile.saved')) })}
      />
      <div className={styles.block}>
        {secret && <Secret note={t('webhooks.secret.once')} secret={secret} copy={t('webhooks.secret.copy')} onCopy={() => void copyText(secret).then(() => toast(t('message.copied')))} />}
        <div className={styles.buttons}>
          <Button onClick={() => setAsking('rotate')}>{t('webhooks.secret.rotate')}</Button>
          <Button look="danger" onClick={() => setAsking('delete')}>{t('webhooks.delete')}</Button>
        </div>
      </div>
      {asking === 'rotate' && (
        <Confirm title={t('webhooks.secret.rotate')} action={t('webhooks.rotate.do')} busy={rotate.isPending} onClose={done} onConfirm={() => rotate.mutate(webhook.id, { onSuccess: (made) => { setSecret(made.secret); done() } })}>
          <p>{t('webhooks.secret.rotate.hint')}</p>
        </Confirm>
      )}
      {asking === 'delete' && (
        <Confirm title={t('webhooks.delete.sure', { name: webhook.name })} action={t('webhooks.delete')} busy={erase.isPending} onClose={done} onConfirm={() => erase.mutate(webhook.id, { onSuccess: onClose })}>
          <p>{t('webhooks.delete.log')}</p>
        </Confirm>
      )}
    </div>
  )
}
