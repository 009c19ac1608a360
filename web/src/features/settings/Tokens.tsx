import { KeyRound } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { Scope } from '@/api/types'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { Secret } from '@/components/Secret'
import { Select } from '@/components/Select'
import { Time } from '@/components/Time'
import { copyText } from '@/lib/clipboard'
import { useT, type Key } from '@/lib/i18n'
import { useCreateToken, useRevokeToken, useTokens } from './api'
import styles from './Settings.module.css'

const scopes: Record<Scope, Key> = { read: 'tokens.read', write: 'tokens.write', account: 'tokens.account' }
const DAYS = [30, 90, 365]

/// Personal access tokens: for programs that act for the user.
export function Tokens() {
  const t = useT()
  const { data } = useTokens()
  const revoke = useRevokeToken()
  const [making, setMaking] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  return (
    <section className={styles.block} aria-label={t('tokens.title')}>
      <h4>{t('tokens.title')}</h4>
      <p className={styles.note}>{t('tokens.hint')}</p>
      {secret && <Secret note={t('tokens.secret')} secret={secret} copy={t('tokens.copy')} onCopy={() => void copyText(secret).then(() => toast(t('message.copied')))} />}
      <ul className={styles.list}>
        {data?.map((token) => (
          <li key={token.id}>
            <KeyRound size={20} />
            <p>
              <b>{token.name}</b>
              <small>
                {token.scopes.map((scope) => t(scopes[scope])).join(', ')} · {token.last_used_at
                  ? <>{t('tokens.used')} <Time at={token.last_used_at} form="brief" /></>
                  : t('tokens.unused')}
              </small>
            </p>
            <Button aria-label={t('tokens.revoke.which', { name: token.name })} onClick={() => revoke.mutate(String(token.id))}>{t('tokens.revoke')}</Button>
          </li>
        ))}
      </ul>
      {making
        ? <NewToken onDone={(made) => { setSecret(made); setMaking(false) }} />
        : <Button onClick={() => { setSecret(null); setMaking(true) }}>{t('tokens.new')}</Button>}
    </section>
  )
}

function NewToken({ onDone }: { onDone: (secret: string) => void }) {
  const t = useT()
  const create = useCreateToken()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const days = Number(form.get('days'))
    create.mutate({
      name: String(form.get('name')).trim(),
      scopes: form.getAll('scope') as Scope[],
      expires_in_days: days || undefined,
    }, { onSuccess: ({ token }) => onDone(token) })
  }
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t('tokens.new')}>
      <Field label={t('tokens.name')} name="name" required maxLength={100} autoFocus hint={t('tokens.name.hint')} />
      <fieldset className={styles.scopes}>
        <legend>{t('tokens.scopes')}</legend>
        {(Object.keys(scopes) as Scope[]).map((scope) => (
          <label key={scope}><input type="checkbox" name="scope" value={scope} defaultChecked={scope !== 'account'} />{t(scopes[scope])}</label>
        ))}
      </fieldset>
      <Select
        label={t('tokens.expires')}
        name="days"
        defaultValue="90"
        options={[...DAYS.map((days) => ({ value: String(days), text: t('tokens.days', { count: days }) })), { value: '', text: t('tokens.forever') }]}
      />
      <Problem>{create.isError ? t(explain(create.error)) : null}</Problem>
      <Button type="submit" look="main" busy={create.isPending}>{t('tokens.create')}</Button>
    </form>
  )
}
