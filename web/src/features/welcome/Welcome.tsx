import { Bell, ShieldCheck, UserRound, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { useState } from 'react'
import type { User } from '@/api/types'
import { Logo } from '@/components/Logo'
import { useT } from '@/lib/i18n'
import { shell } from '@/lib/shell'
import { askPermission, permission } from '@/lib/notify'
import styles from './Welcome.module.css'

interface Props {
  me: User
  onFind: () => void
  onProfile: () => void
  onAdmin: () => void
}

/// The first start, while there is no chat yet: what one would do next.
export function Welcome({ me, onFind, onProfile, onAdmin }: Props) {
  const t = useT()
  const [allowed, setAllowed] = useState(permission)
  return (
    <section className={styles.welcome} aria-label={t('welcome.title', { name: me.display_name })}>
      <Logo size={48} />
      <h2>{t('welcome.title', { name: me.display_name })}</h2>
      <ul>
        <Step icon={<Users size={20} />} title={t('welcome.find')} onPress={onFind}>{t('welcome.find.hint')}</Step>
        <Step icon={<UserRound size={20} />} title={t('welcome.profile')} onPress={onProfile}>{t('welcome.profile.hint')}</Step>
        {allowed === 'default' && (
          <Step icon={<Bell size={20} />} title={t('welcome.notify')} onPress={() => void askPermission().then(setAllowed)}>{t('welcome.notify.hint')}</Step>
        )}
        {me.is_admin && <Step icon={<ShieldCheck size={20} />} title={t('welcome.admin')} onPress={onAdmin}>{t('welcome.admin.hint', { address: shell().site })}</Step>}
      </ul>
    </section>
  )
}

function Step({ icon, title, onPress, children }: { icon: ReactNode; title: string; onPress: () => void; children: ReactNode }) {
  return (
    <li>
      <button type="button" onClick={onPress}>
        {icon}
        <span><b>{title}</b><small>{children}</small></span>
      </button>
    </li>
  )
}
