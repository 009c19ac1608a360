import { useState, type FormEvent } from 'react'
import type { Session } from '@/api/session'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT, type Key } from '@/lib/i18n'
import { explainSignIn, needsInvite } from './explain'
import { invitation, whose } from './invitation'

/// A six-digit code by email or text message: to sign in, or to set a new password.
export function CodeForm({ session, resetting }: { session: Session; resetting: boolean }) {
  const t = useT()
  const [sentTo, setSentTo] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Key | null>(null)
  const [invited, setInvited] = useState(invitation() !== '')

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    try {
      await work()
    } catch (error) {
      if (needsInvite(error)) setInvited(true)
      setProblem(explainSignIn(error, true))
    }
    setBusy(false)
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    void attempt(async () => {
      if (sentTo === null) {
        const to = whose(text('to'))
        if ('username' in to) return setProblem('problem.address')
        await session.sendCode(to)
        return setSentTo(text('to'))
      }
      const to = whose(sentTo) as { email: string } | { phone: string }
      const code = text('code').replace(/\D/g, '')
      if (resetting) await session.resetPassword({ ...to, code, new_password: String(form.get('password')) })
      // A code works once: after a reset the new password signs in, where the address is a login.
      if (resetting && 'email' in to) await session.signIn({ ...to, password: String(form.get('password')) })
      if (!resetting) await session.signInByCode({ ...to, code, invite_code: text('invite') || undefined })
    })
  }

  return (
    <form onSubmit={submit}>
      {sentTo === null
        ? <Field key="to" label={t('session.address')} name="to" required autoFocus autoCapitalize="none" autoComplete="email" spellCheck={false} />
        : (
          <>
            <p role="status">{t('session.code.sent', { address: sentTo })}</p>
            <Field key="code" label={t('session.code')} name="code" required autoFocus inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,9}" />
            {resetting && <Field label={t('security.password.new')} name="password" type="password" required minLength={8} maxLength={128} autoComplete="new-password" hint={t('session.password.hint')} />}
            {!resetting && invited && <Field label={t('session.invite')} name="invite" defaultValue={invitation()} autoComplete="off" />}
          </>
        )}
      <Problem>{problem && t(problem)}</Problem>
      <Button type="submit" look="main" busy={busy}>
        {sentTo === null ? t('session.code.send') : resetting ? t('session.code.reset') : t('session.enter')}
      </Button>
      {sentTo !== null && <Button onClick={() => { setSentTo(null); setProblem(null) }}>{t('session.code.again')}</Button>}
    </form>
  )
}
