import { useState, type FormEvent } from 'react'
import { register, signIn } from '@/api/session'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Logo } from '@/components/Logo'
import { setLanguage, useLanguage, useT, type Key } from '@/lib/i18n'
import { explain, needsInvite } from './explain'
import styles from './SignIn.module.css'

/// Sign-in and sign-up. A login with @ is an email address, anything else a username.
export function SignIn() {
  const t = useT()
  const language = useLanguage()
  const [joining, setJoining] = useState(invitation() !== '')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Key | null>(null)
  const [invited, setInvited] = useState(invitation() !== '')

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
      if (joining) await register({ ...who, password, display_name: String(form.get('name')).trim(), invite_code })
      else await signIn({ ...who, password })
    } catch (error) {
      if (needsInvite(error)) setInvited(true)
      setProblem(explain(error, 'email' in who))
      setBusy(false)
    }
  }

  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}><Logo size={52} /><h1>{t('app.name')}</h1></div>
        <p className={styles.lead}>{joining ? t('session.lead.join') : t('session.lead.enter')}</p>
        <form onSubmit={submit} key={String(joining)}>
          {joining && <Field label={t('session.name')} name="name" required maxLength={64} autoComplete="name" autoFocus />}
          <Field
            label={t('session.login')}
            name="login"
            required
            autoFocus={!joining}
            autoCapitalize="none"
            autoComplete="username"
            spellCheck={false}
          />
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
          {problem && <p className={styles.problem} role="alert">{t(problem)}</p>}
          <Button type="submit" look="main" busy={busy}>{joining ? t('session.join') : t('session.enter')}</Button>
        </form>
        <p className={styles.other}>
          {joining ? t('session.have') : t('session.new')}{' '}
          <button type="button" onClick={() => { setJoining(!joining); setProblem(null) }}>
            {joining ? t('session.enter') : t('session.join')}
          </button>
        </p>
      </div>
      <button type="button" className={styles.language} lang={language === 'ru' ? 'en' : 'ru'} onClick={() => setLanguage(language === 'ru' ? 'en' : 'ru')}>
        {language === 'ru' ? 'English' : 'Русский'}
      </button>
    </main>
  )
}

/// The code in an invitation link: /?invite=…
function invitation(): string {
  return new URLSearchParams(location.search).get('invite') ?? ''
}
