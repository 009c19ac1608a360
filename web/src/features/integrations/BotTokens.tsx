import { KeyRound, RefreshCw, Trash2 } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { PersonalToken, Scope } from '@/api/types'
import { Button, IconButton } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { Secret } from '@/components/Secret'
import { Select } from '@/components/Select'
import { Time } from '@/components/Time'
import { copyText } from '@/lib/clipboard'
import { useT, type Key } from '@/lib/i18n'
import styles from './Integrations.module.css'
import { useBotTokens, useCreateBotToken, useRevokeBotToken } from './server'

const scopes: [Scope, Key][] = [['read', 'tokens.read'], ['write', 'tokens.write']]
const DAYS = [30, 90, 365]

/// With its tokens, a program acts as the bot.
export function BotTokens({ bot }: { bot: number }) {
  const t = useT()
  const tokens = useBotTokens(bot)
  const create = useCreateBotToken(bot)
  const revoke = useRevokeBotToken(bot)
  const [making, setMaking] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const made = ({ token }: { token: string }) => { setSecret(token); setMaking(false) }
  /// A new secret in place of one; the old one ends once there is another.
  const replace = ({ id, name, scopes: allowed }: PersonalToken) =>
    create.mutate({ name, scopes: allowed }, { onSuccess: (next) => { made(next); revoke.mutate(id) }, onError: (error) => toast.error(t(explain(error))) })
  return (
    <section className={styles.block} aria-label={t('bots.tokens')}>
      <h4>{t('bots.tokens')}</h4>
      <p className={styles.note}>{t('bots.tokens.hint')}</p>
      {secret && <Secret note={t('tokens.secret')} secret={secret} copy={t('tokens.copy')} onCopy={() => void copyText(secret).then(() => toast(t('message.copied')))} />}
      <ul className={styles.list}>
        {tokens?.map((token) => (
          <li key={token.id}>
            <KeyRound size={20} />
            <p className={styles.what}>
              <b dir="auto">{token.name}</b>
              <small>
                {token.scopes.map((scope) => t(scope === 'read' ? 'tokens.read' : 'tokens.write')).join(', ')} · {token.last_used_at
                  ? <>{t('tokens.used')} <Time at={token.last_used_at} form="brief" /></>
                  : t('tokens.unused')}
              </small>
            </p>
            <span className={styles.tools}>
              <IconButton label={t('bots.token.replace', { name: token.name })} disabled={create.isPending} onClick={() => replace(token)}><RefreshCw size={18} /></IconButton>
              <IconButton label={t('tokens.revoke.which', { name: token.name })} onClick={() => revoke.mutate(token.id)}><Trash2 size={18} /></IconButton>
            </span>
          </li>
        ))}
      </ul>
      {making
        ? <NewTokenForm create={create} onDone={made} />
        : <Button look={tokens?.length === 0 ? 'main' : 'plain'} onClick={() => { setSecret(null); setMaking(true) }}>{t('tokens.new')}</Button>}
    </section>
  )
}

function NewTokenForm({ create, onDone }: { create: ReturnType<typeof useCreateBotToken>; onDone: (made: { token: string }) => void }) {
  const t = useT()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const days = Number(form.get('days'))
    create.mutate({ name: String(form.get('name')).trim(), scopes: form.getAll('scope') as Scope[], ...(days && { expires_in_days: days }) }, { onSuccess: onDone })
  }
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t('tokens.new')}>
      <Field label={t('tokens.name')} name="name" required maxLength={100} autoFocus autoComplete="off" hint={t('tokens.name.hint')} />
      <fieldset className={styles.boxes}>
        <legend>{t('tokens.scopes')}</legend>
        {scopes.map(([scope, text]) => <label key={scope}><input type="checkbox" name="scope" value={scope} defaultChecked />{t(text)}</label>)}
      </fieldset>
      <Select
        label={t('tokens.expires')}
        name="days"
        defaultValue=""
        options={[{ value: '', text: t('tokens.forever') }, ...DAYS.map((days) => ({ value: String(days), text: t('tokens.days', { count: days }) }))]}
      />
      <Problem>{create.error ? t(explain(create.error)) : null}</Problem>
      <Button type="submit" look="main" busy={create.isPending}>{t('tokens.create')}</Button>
    </form>
  )
}
