import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react'
import { useChats, useMe, useOpenReports } from '@/api/queries'
import { sessionOf, type Session } from '@/api/session'
import { Avatar } from '@/components/Avatar'
import { NotifyPrompt } from '@/features/notifications/NotifyPrompt'
import { useNotifications } from '@/features/notifications/useNotifications'
import type { Page } from '@/features/settings/Settings'
import { isLanguage, useLanguage, useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { setLanguage } from '@/lib/pageLanguage'
import { chatPath, go, messagePath, useInvitation, useLinkedMessage, useOpenChat } from '@/lib/route'
import { AnnouncementBanner } from './AnnouncementBanner'
import { ChatContainer, ChatMessages } from './ChatContainer'
import styles from './Shell.module.css'

const Settings = lazyComponent(() => import('@/features/settings/Settings').then((file) => file.Settings))
const BotsPage = lazyComponent(() => import('@/features/integrations/BotsPage').then((file) => file.BotsPage))
const Invitation = lazyComponent(() => import('@/features/invites/Invitation').then((file) => file.Invitation))
const EarlierAccess = lazyComponent(() => import('@/features/session/EarlierAccess').then((file) => file.EarlierAccess))
const Welcome = lazyComponent(() => import('@/features/welcome/Welcome').then((file) => file.Welcome))

// A page that opens at a chat needs it at once; the list alone does not.
if (location.pathname.startsWith('/chats/')) void ChatMessages.load().catch(() => undefined)

type Account = { page: Page | null } | null

/// The page around the messenger: the address, the account, notifications, the first start.
export function Shell() {
  const t = useT()
  const session = sessionOf(useQueryClient())
  const me = useMe()
  const { chats } = useChats()
  const open = useOpenChat()
  const [account, setAccount] = useState<Account>(null)
  const openReports = useOpenReports(me?.is_admin ?? false)
  const linked = useLinkedMessage()
  const invitation = useInvitation()
  const choose = useCallback((chat: number | null, message?: number) => go(chat !== null && message ? messagePath(chat, message) : chatPath(chat)), [])
  const openSettings = useCallback((page: Page | null) => setAccount({ page }), [])
  useNotifications(open, choose)
  useAccountLanguage(me?.language)

  const welcome = me && chats?.length === 0 && open === null
  const steps = (find: () => void) => welcome && (
    <Suspense>
      <Welcome me={me} onFind={find} onProfile={() => setAccount({ page: 'profile' })} onAdmin={() => setAccount({ page: 'admin' })} />
    </Suspense>
  )
  return (
    <>
      <ChatContainer
        open={open}
        linked={linked}
        onOpen={choose}
        banner={(find) => <><AnnouncementBanner /><NotifyPrompt />{welcome && <div className={styles.narrow}>{steps(find)}</div>}</>}
        empty={(find) => steps(find) || null}
        onSettings={openSettings}
        account={me && (
          <button type="button" className={styles.me} aria-label={[t('profile.open', { name: me.display_name }), openReports > 0 && `${t('admin.status.reports')}: ${openReports}`].filter(Boolean).join('. ')} title={t('settings.title')} onClick={() => setAccount({ page: null })}>
            <Avatar id={me.id} name={me.display_name} url={me.avatar_url} size="small" />
            {openReports > 0 && <span className={styles.badge} aria-hidden="true">{openReports}</span>}
          </button>
        )}
      />
      <Suspense>{account && me && <Settings me={me} start={account.page} bots={<BotsPage />} onClose={() => setAccount(null)} />}
      {invitation && <Invitation token={invitation} onOpen={(chat) => go(chatPath(chat), { replace: true })} onClose={() => choose(null)} />}
      {session && <Earlier session={session} />}</Suspense>
    </>
  )
}

function Earlier({ session }: { session: Session }) {
  return useSyncExternalStore(session.subscribe, session.earlierAccess) && <EarlierAccess session={session} />
}

/// The language of the account, once it is known, also on a device where it was not chosen.
function useAccountLanguage(language: string | null | undefined): void {
  const shown = useLanguage()
  const apply = useEffectEvent((code: string) => {
    if (code !== shown) void setLanguage(code).catch(() => undefined)
  })
  const code = language?.split('-')[0]
  useEffect(() => {
    if (isLanguage(code)) apply(code)
  }, [code])
}
