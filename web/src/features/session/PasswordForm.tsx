import { useState, type FormEvent } from 'react'
import type { Session } from '@/api/session'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT, type Key } from '@/lib/i18n'
import { explainSignIn, needsInvite, needsProof } from './explain'
import { invitation } from './invitation'

/// A login with @ is an email address, anything else a username.
export function PasswordForm({ session, joining }: { session: Session; joining: boolean }) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Key | null>(null)
  const [invited, setInvited] = useState(invitation() !== '')
  /// The address to which the code was sent that proves it.
  const [proving, setProving] = useState<string | null>(null)

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const login = String(form.get('login')).trim()
    const password = String(form.get('password'))
    const who = login.includes('@') ? { email: login } : { username: login }
    setBusy(true)
    setProblem(null)
    try {
      const invite_code = String(form.get('invite') ?? '').trim() || undefined
      const email_code = proving === login ? String(form.get('code') ?? '').replace(/\D/g, '') || undefined : undefined
      if (joining) await session.register({ ...who, password, display_name: String(form.get('name')).trim(), invite_code, email_code })
      else await session.signIn({ ...who, password })
    } catch (error) {
      if (needsInvite(error)) setInvited(true)
      try {
        if (!needsProof(error) || !('email' in who)) throw error
        await session.sendCode({ email: login })
        setProving(login)
      } catch (problem) {
        setProblem(explainSignIn(problem, 'email' in who))
      }
      setBusy(false)
    }
  }

  return (
    <form onSubmit={submit}>
      {joining && <Field label={t('session.name')} name="name" required maxLength={64} autoComplete="name" autoFocus />}
      <Field label={t('session.login')} name="login" required autoFocus={!joining} autoCapitalize="none" autoComplete="username" spellCheck={false} />
      <Field
        label={t('session.password')}
        name="password"
        type="password"
        required
        minLength={joining ? 8 : undefined}
        maxLength={128}
        autoComplete={joining ? 'new-password' : 'current-password'}
        hint={joining ? t('session.password.hint') : undefined}
      />
      {joining && invited && <Field label={t('session.invite')} name="invite" defaultValue={invitation()} required autoComplete="off" />}
      {proving !== null && (
        <>
          <p role="status">{t('session.code.sent', { address: proving })}</p>
          <Field label={t('session.code')} name="code" required autoFocus inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,9}" />
        </>
      )}
      <Problem>{problem && t(problem)}</Problem>
      <Button type="submit" look="main" busy={busy}>{joining ? t('session.join') : t('session.enter')}</Button>
    </form>
  )
}
