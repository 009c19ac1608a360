import { useRef, useState, type FormEvent } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { explain } from '@/api/explain'
import { sessionOf } from '@/api/session'
import { Button } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import { size } from '@/lib/media'
import { useDeactivate, useDeleteAccount, useExport, useImport, useQuota } from './api'
import styles from './Settings.module.css'

/// The user's data: taking it away, bringing it along, deleting it.
export function Data() {
  const t = useT()
  const { data: quota } = useQuota()
  const out = useExport()
  return (
    <div className={styles.stack}>
      {quota && (
        <p className={styles.note}>
          {quota.limit != null ? t('data.quota', { used: size(quota.used, t), limit: size(quota.limit, t) }) : t('data.used', { used: size(quota.used, t) })}
        </p>
      )}
      <div className={styles.block}>
        <h4>{t('data.export')}</h4>
        <p className={styles.note}>{t('data.export.hint')}</p>
        <Button busy={out.isPending} onClick={() => out.mutate()}>{t('data.export.do')}</Button>
      </div>
      <Import />
      <Leaving />
    </div>
  )
}

function Import() {
  const t = useT()
  const picker = useRef<HTMLInputElement>(null)
  const [share, setShare] = useState(0)
  const bring = useImport()
  const done = bring.data
  return (
    <div className={styles.block}>
      <h4>{t('data.import')}</h4>
      <p className={styles.note}>{t('data.import.hint')}</p>
      <Button busy={bring.isPending} onClick={() => picker.current?.click()}>
        {bring.isPending ? t('data.import.progress', { percent: Math.round(share * 100) }) : t('data.import.do')}
      </Button>
      <input
        ref={picker}
        type="file"
        hidden
        accept=".zip,application/zip"
        aria-label={t('data.import.do')}
        onChange={(event) => {
          const [file] = event.target.files ?? []
          event.target.value = ''
          if (file) bring.mutate({ file, onProgress: setShare })
        }}
      />
      <p role="status">{done ? t('data.import.done', { chats: done.chats, messages: done.messages, files: done.files, skipped: done.skipped }) : ''}</p>
      <Problem>{bring.isError ? t(explain(bring.error)) : null}</Problem>
    </div>
  )
}

function Leaving() {
  const t = useT()
  const cache = useQueryClient()
  const [asking, setAsking] = useState<'deactivate' | 'delete' | null>(null)
  const [password, setPassword] = useState('')
  const [messages, setMessages] = useState<'keep' | 'delete'>('keep')
  const deactivate = useDeactivate()
  const erase = useDeleteAccount()
  const running = asking === 'delete' ? erase : deactivate
  const onSuccess = () => sessionOf(cache)?.end(asking === 'delete' ? 'deleted' : 'deactivated')
  const act = (event?: FormEvent) => {
    event?.preventDefault()
    if (!password) return
    if (asking === 'delete') erase.mutate({ password, messages }, { onSuccess })
    else deactivate.mutate(password, { onSuccess })
  }
  const close = () => {
    setAsking(null)
    setPassword('')
    running.reset()
  }
  return (
    <div className={styles.block}>
      <h4>{t('data.leave')}</h4>
      <p className={styles.note}>{t('data.deactivate.hint')}</p>
      <Button onClick={() => setAsking('deactivate')}>{t('data.deactivate')}</Button>
      <p className={styles.note}>{t('data.delete.hint')}</p>
      <Button look="danger" onClick={() => setAsking('delete')}>{t('data.delete')}</Button>
      {asking && (
        <Confirm
          title={asking === 'delete' ? t('data.delete.sure') : t('data.deactivate.sure')}
          action={asking === 'delete' ? t('data.delete') : t('data.deactivate')}
          busy={running.isPending}
          onConfirm={act}
          onClose={close}
        >
          <form className={styles.form} onSubmit={act}>
            {asking === 'delete' && (
              <fieldset className={styles.choice}>
                {(['keep', 'delete'] as const).map((choice) => (
                  <label key={choice}>
                    <input type="radio" name="messages" checked={messages === choice} onChange={() => setMessages(choice)} />
                    {choice === 'keep' ? t('data.delete.keep') : t('data.delete.messages')}
                  </label>
                ))}
              </fieldset>
            )}
            <Field label={t('session.password')} type="password" required autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
            <Problem>{running.isError ? t(explain(running.error)) : null}</Problem>
          </form>
        </Confirm>
      )}
    </div>
  )
}
