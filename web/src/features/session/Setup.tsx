import { useEffect, useState, type FormEvent } from 'react'
import { ApiError } from '@/api/http'
import type { Session } from '@/api/session'
import type { RegistrationPolicy, RegistrationSetting } from '@/api/types'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Logo } from '@/components/Logo'
import { Problem } from '@/components/Problem'
import { Select } from '@/components/Select'
import { useT, type Key } from '@/lib/i18n'
import { registrationPolicies } from '@/lib/registration'
import { go } from '@/lib/route'
import { explainSignIn } from './explain'
import { whose } from './invitation'
import styles from './SignIn.module.css'

/// A link that is wrong, expired or used.
function explainLink(error: unknown): Key {
  if (error instanceof ApiError && error.status === 403) return 'setup.expired'
  if (error instanceof ApiError && error.status === 409) return 'setup.done'
  return explainSignIn(error, false)
}

/// The page behind the link that a new server prints: the first administrator's account, and who may register.
export function Setup({ session, token }: { session: Session; token: string }) {
  const t = useT()
  const [setting, setSetting] = useState<RegistrationSetting | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Key | null>(null)

  useEffect(() => {
    session.checkSetup(token).then(setSetting, (error: unknown) => setProblem(explainLink(error)))
  }, [session, token])

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const who = whose(text('login'))
    setBusy(true)
    setProblem(null)
    try {
      const registration = (form.get('registration') ?? undefined) as RegistrationPolicy | undefined
      const names = 'email' in who ? who : { username: text('login') }
      await session.setUp({ ...names, token, registration, display_name: text('name'), password: String(form.get('password')) })
      go('/', { replace: true })
    } catch (error) {
      setProblem(error instanceof ApiError && (error.status === 403 || error.code === 'conflict') ? explainLink(error) : explainSignIn(error, 'email' in who))
      setBusy(false)
    }
  }

  const offered = (Object.keys(registrationPolicies) as RegistrationPolicy[]).filter((policy) => policy !== 'mail' || setting?.sends_mail)
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}><Logo size={52} /><h1>{t('setup.title')}</h1></div>
        {setting && <p className={styles.lead}>{t('setup.lead')}</p>}
        {!setting && <Problem>{problem && t(problem)}</Problem>}
        {setting && (
          <form onSubmit={(event) => void submit(event)}>
            <Field label={t('session.name')} name="name" required maxLength={64} autoComplete="name" autoFocus />
            <Field label={t('session.login')} name="login" required autoCapitalize="none" autoComplete="username" spellCheck={false} />
            <Field label={t('session.password')} name="password" type="password" required minLength={8} maxLength={128} autoComplete="new-password" hint={t('session.password.hint')} />
            {!setting.is_fixed && (
              <Select label={t('setup.registration')} name="registration" defaultValue="invite" options={offered.map((value) => ({ value, text: t(registrationPolicies[value]) }))} />
            )}
            <Problem>{problem && t(problem)}</Problem>
            <Button type="submit" look="main" busy={busy}>{t('setup.create')}</Button>
          </form>
        )}
      </div>
    </main>
  )
}
