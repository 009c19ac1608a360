import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import { sessionOf } from '@/api/session'
import type { User } from '@/api/types'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import { useChangeEmail, useChangePassword, useTokens, type EmailProof } from './api'
import { Sessions } from './Sessions'
import styles from './Settings.module.css'
import { Tokens } from './Tokens'

/// How the user signs in, and what is signed in.
export function Security({ me }: { me: User }) {
  return (
    <div className={styles.stack}>
      <Password login={me.username ?? me.email ?? ''} />
      <Email me={me} />
      <Sessions />
      <Tokens />
    </div>
  )
}

function Password({ login }: { login: string }) {
  const t = useT()
  const change = useChangePassword()
  const { data: tokens } = useTokens()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const element = event.currentTarget
    const form = new FormData(element)
    const keep = form.getAll('keep').map(Number)
    change.mutate({ old_password: String(form.get('old')), new_password: String(form.get('new')), ...(keep.length > 0 && { keep_tokens: keep }) }, {
      onSuccess: () => {
        element.reset()
        toast.success(t('security.password.changed'))
      },
    })
  }
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t('security.password')}>
      <h4>{t('security.password')}</h4>
      <input type="text" name="username" autoComplete="username" defaultValue={login} hidden readOnly />
      <Field label={t('security.password.old')} name="old" type="password" required autoComplete="current-password" />
      <Field label={t('security.password.new')} name="new" type="password" required minLength={8} maxLength={128} autoComplete="new-password" hint={t('session.password.hint')} />
      {tokens && tokens.length > 0 && (
        <fieldset className={styles.scopes}>
          <legend>{t('security.password.keep')}</legend>
          {tokens.map((token) => <label key={token.id}><input type="checkbox" name="keep" value={token.id} /><span dir="auto">{token.name}</span></label>)}
          <p className={styles.note}>{t('security.password.keep.hint')}</p>
        </fieldset>
      )}
      <Problem>{change.isError ? t(explain(change.error)) : null}</Problem>
      <p className={styles.note}>{t('security.password.hint')}</p>
      <Button type="submit" busy={change.isPending}>{t('security.password.change')}</Button>
    </form>
  )
}

/// The address that sign-in codes are sent to. Another address needs the password, or a code to the current one; then a
/// code that was sent to the new one.
function Email({ me }: { me: User }) {
  const t = useT()
  const session = sessionOf(useQueryClient())
  const change = useChangeEmail()
  const [email, setEmail] = useState(me.email ?? '')
  const [proof, setProof] = useState<EmailProof>({})
  const [byCode, setByCode] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const current = me.email ?? me.phone ?? null
  const pending = change.data?.pending_email ?? null
  const other = email.trim().toLowerCase() !== (me.email ?? '').toLowerCase()
  const edit = (next: string) => {
    setEmail(next)
    change.reset()
    setProof(({ password, code }) => ({ password, code }))
  }
  const sendCode = async () => {
    setProblem(null)
    try {
      await session?.sendCode(me.email ? { email: me.email } : { phone: me.phone! })
      setProof({})
      setByCode(true)
    } catch (error) {
      setProblem(error)
    }
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    setProblem(null)
    change.mutate({ email: email.trim(), ...(other && proof) }, {
      onSuccess: (changed) => {
        if (changed.pending_email) return
        setProof({})
        setByCode(false)
        change.reset()
        toast.success(t('security.email.changed'))
      },
      onError: setProblem,
    })
  }
  return (
    <form className={styles.block} onSubmit={submit} aria-label={t('security.codes')}>
      <h4>{t('security.codes')}</h4>
      <p className={styles.note}>{t('security.codes.hint')}</p>
      {me.phone && <p>{t('security.phone', { phone: me.phone })}</p>}
      <Field label={t('security.email')} type="email" required value={email} autoComplete="email" onChange={(event) => edit(event.target.value)} />
      {other && !pending && (byCode
        ? <Field label={t('security.email.current_code', { address: current! })} required inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,9}" value={proof.code ?? ''} onChange={(event) => setProof({ code: event.target.value })} />
        : <Field label={t('security.email.password')} type="password" required autoComplete="current-password" value={proof.password ?? ''} onChange={(event) => setProof({ password: event.target.value })} />)}
      {other && !pending && !byCode && current && session && <button type="button" className={styles.link} onClick={() => void sendCode()}>{t('security.email.no_password')}</button>}
      {pending && (
        <>
          <p role="status">{t('security.email.pending', { address: pending })}</p>
          <Field label={t('session.code')} required autoFocus inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,9}" value={proof.email_code ?? ''} onChange={(event) => setProof({ ...proof, email_code: event.target.value })} />
        </>
      )}
      <Problem>{problem ? t(explain(problem)) : null}</Problem>
      <Button type="submit" disabled={!other && email === (me.email ?? '')} busy={change.isPending}>{pending ? t('security.email.confirm') : t('common.save')}</Button>
    </form>
  )
}
