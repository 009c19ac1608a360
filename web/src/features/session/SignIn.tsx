import { useState, useSyncExternalStore } from 'react'
import type { EndReason, Session } from '@/api/session'
import { Logo } from '@/components/Logo'
import { languages, useLanguage, useT, type Key } from '@/lib/i18n'
import { setLanguage } from '@/lib/pageLanguage'
import { useInvitation } from '@/lib/route'
import { CodeForm } from './CodeForm'
import { PasswordForm } from './PasswordForm'
import { InvitedTo } from './InvitedTo'
import { invitation } from './invitation'
import styles from './SignIn.module.css'

type Way = 'enter' | 'join' | 'code' | 'reset'

const leads = { enter: 'session.lead.enter', join: 'session.lead.join', code: 'session.lead.code', reset: 'session.lead.reset' } as const

const endings: Record<EndReason, Key> = {
  revoked: 'session.ended.revoked',
  expired: 'session.ended.expired',
  password_changed: 'session.ended.password_changed',
  deactivated: 'session.ended.deactivated',
  deleted: 'session.ended.deleted',
  other_tab: 'session.ended.other_tab',
}

/// Whoever signed out left nothing unsent.
const isKept = (reason: EndReason) => reason === 'revoked' || reason === 'expired' || reason === 'password_changed'

/// Sign-in and sign-up, by password or by a code; a forgotten password.
export function SignIn({ session }: { session: Session }) {
  const t = useT()
  const language = useLanguage()
  const reason = useSyncExternalStore(session.subscribe, session.endReason)
  const [way, setWay] = useState<Way>(invitation() ? 'join' : 'enter')
  const invited = useInvitation()
  const link = (to: Way, text: string) => <button type="button" onClick={() => setWay(to)}>{text}</button>
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}><Logo size={52} /><h1>{t('app.name')}</h1></div>
        {reason && <p className={styles.ended} role="status">{t(endings[reason])} {isKept(reason) && t('session.kept')}</p>}
        {invited && <InvitedTo token={invited} />}
        {!(reason && way === 'enter') && <p className={styles.lead}>{t(leads[way])}</p>}
        {way === 'enter' || way === 'join'
          ? <PasswordForm key={way} session={session} joining={way === 'join'} />
          : <CodeForm key={way} session={session} resetting={way === 'reset'} />}
        <div className={styles.other}>
          {way === 'enter' && <p className={styles.links}>{link('code', t('session.by_code'))} {link('reset', t('session.forgotten'))}</p>}
          {way === 'enter' && <p>{t('session.new')} {link('join', t('session.join'))}</p>}
          {way === 'join' && <p>{t('session.have')} {link('enter', t('session.enter'))}</p>}
          {(way === 'code' || way === 'reset') && <p>{link('enter', t('session.by_password'))}</p>}
        </div>
      </div>
      <div className={styles.languages} role="group" aria-label={t('profile.language')}>
        {languages.map(({ value, text }) => (
          <button key={value} type="button" className={styles.language} lang={value} aria-pressed={value === language} onClick={() => void setLanguage(value).catch(() => undefined)}>
            {text}
          </button>
        ))}
      </div>
    </main>
  )
}
