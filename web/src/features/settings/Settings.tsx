import { useQueryClient } from '@tanstack/react-query'
import { Bell, Bot, ChevronRight, Database, Eye, Flag, HardDrive, KeyRound, LogOut, MessagesSquare, Palette, ScrollText, ShieldCheck, Stethoscope, UserRound, type LucideIcon } from 'lucide-react'
import { Suspense, useState, type ComponentType, type ReactNode } from 'react'
import { useUnsent } from '@/api/outbox'
import { useOpenReports } from '@/api/queries'
import { sessionOf } from '@/api/session'
import { signOut } from '@/api/signOut'
import type { User } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { cx } from '@/lib/cx'
import { useT, type Key } from '@/lib/i18n'
import { Administration } from './Administration'
import { Appearance } from './Appearance'
import { AuditLog } from './AuditLog'
import { Chats } from './Chats'
import { Data } from './Data'
import { Doctor } from './Doctor'
import { Notifications } from './Notifications'
import { Privacy } from './Privacy'
import { Profile } from './Profile'
import { Reports } from './Reports'
import { Security } from './Security'
import { Storage } from './Storage'
import styles from './Settings.module.css'

export type Page = 'profile' | 'appearance' | 'notifications' | 'privacy' | 'security' | 'data' | 'bots' | 'admin' | 'chats' | 'reports' | 'doctor' | 'storage' | 'audit'

const pages: Record<Page, { title: Key; icon: LucideIcon; Content?: ComponentType<{ me: User }> }> = {
  profile: { title: 'settings.profile', icon: UserRound, Content: Profile },
  appearance: { title: 'settings.appearance', icon: Palette, Content: Appearance },
  notifications: { title: 'settings.notifications', icon: Bell, Content: Notifications },
  privacy: { title: 'settings.privacy', icon: Eye, Content: Privacy },
  security: { title: 'settings.security', icon: KeyRound, Content: Security },
  data: { title: 'settings.data', icon: Database, Content: Data },
  bots: { title: 'bots.title', icon: Bot },
  admin: { title: 'settings.admin', icon: ShieldCheck, Content: Administration },
  chats: { title: 'admin.chats', icon: MessagesSquare, Content: Chats },
  reports: { title: 'settings.reports', icon: Flag, Content: Reports },
  doctor: { title: 'settings.doctor', icon: Stethoscope, Content: Doctor },
  storage: { title: 'settings.storage', icon: HardDrive, Content: Storage },
  audit: { title: 'settings.audit', icon: ScrollText, Content: AuditLog },
}

const administrative: Page[] = ['admin', 'chats', 'reports', 'doctor', 'storage', 'audit']

interface Props {
  me: User
  start?: Page | null
  /// The page of the user's bots, which another feature draws.
  bots?: ReactNode
  onClose: () => void
}

/// Everything about the user's account. On a wide screen the pages stand beside the chosen one; on a phone each
/// page covers the list.
export function Settings({ me, start = null, bots, onClose }: Props) {
  const t = useT()
  const [chosen, setChosen] = useState<Page | null>(start)
  const openReports = useOpenReports(me.is_admin)
  const shown = chosen ?? 'profile'
  const { Content, title } = pages[shown]
  const offered = (Object.keys(pages) as Page[]).filter((page) => (!administrative.includes(page) || me.is_admin) && (page !== 'bots' || bots))
  return (
    <Dialog title={t('settings.title')} subtitle={chosen ? t(title) : undefined} wide onClose={onClose} onBack={chosen ? () => setChosen(null) : undefined}>
      <div className={cx(styles.columns, chosen && styles.chosen)}>
        <nav className={styles.pages} aria-label={t('settings.pages')}>
          <div className={styles.me}>
            <Avatar id={me.id} name={me.display_name} url={me.avatar_url} />
            <p><b dir="auto">{me.display_name}</b><small>{me.username ? `@${me.username}` : me.email}</small></p>
          </div>
          <ul>
            {offered.map((page) => {
              const { icon: Icon, title: name } = pages[page]
              return (
                <li key={page}>
                  <button type="button" aria-current={page === shown ? 'page' : undefined} onClick={() => setChosen(page)}>
                    <Icon size={20} /><span>{t(name)}</span>
                    {page === 'reports' && openReports > 0 && <b className={styles.count}>{openReports}</b>}
                    <ChevronRight size={18} className={styles.arrow} />
                  </button>
                </li>
              )
            })}
          </ul>
          <SignOut />
        </nav>
        <section className={styles.page} tabIndex={0} role="region" aria-label={t(title)} key={shown}>
          <h3 className={styles.title}>{t(title)}</h3>
          {Content ? <Content me={me} /> : <Suspense>{bots}</Suspense>}
        </section>
      </div>
    </Dialog>
  )
}

function SignOut() {
  const t = useT()
  const cache = useQueryClient()
  const unsent = useUnsent().length
  const [leaving, setLeaving] = useState(false)
  if (!sessionOf(cache)) return null
  const leave = async () => {
    setLeaving(true)
    await signOut(cache)
  }
  return (
    <div className={styles.leave}>
      {unsent > 0 && <p className={styles.warning}>{t('profile.unsent', { count: unsent })}</p>}
      <Button look="danger" busy={leaving} onClick={() => void leave()}><LogOut size={18} />{t('profile.leave')}</Button>
    </div>
  )
}
