import { MessagesSquare } from 'lucide-react'
import { Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { useChats, useMe } from '@/api/queries'
import { Avatar } from '@/components/Avatar'
import { Empty } from '@/components/Empty'
import { ChatSelect } from '@/features/chats/ChatSelect'
import { ConnectionBanner } from '@/features/chats/ConnectionBanner'
import type { Target } from '@/features/messages/useJump'
import { byActivity } from '@/lib/chats'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { lazyComponent, preloadComponents } from '@/lib/lazy'
import { chatPath, go, messagePath, useInvitation, useLinkedMessage, useOpenChat } from '@/lib/route'
import styles from './ChatContainer.module.css'
import { SideMenu, type SideView } from './SideMenu'
import { useShortcuts } from './useShortcuts'

const loadChat = () => import('./ChatMessages').then((file) => file.ChatMessages)
const ChatMessages = lazyComponent(loadChat)
const NewChat = lazyComponent(() => import('@/features/chats/NewChat').then((file) => file.NewChat))
const Switcher = lazyComponent(() => import('@/features/chats/Switcher').then((file) => file.Switcher))
const Profile = lazyComponent(() => import('@/features/profile/Profile').then((file) => file.Profile))
const SearchPanel = lazyComponent(() => import('@/features/search/SearchPanel').then((file) => file.SearchPanel))
const BookmarksPanel = lazyComponent(() => import('@/features/saved/BookmarksPanel').then((file) => file.BookmarksPanel))
const ChannelsPanel = lazyComponent(() => import('@/features/channels/ChannelsPanel').then((file) => file.ChannelsPanel))
const Invitation = lazyComponent(() => import('@/features/invites/Invitation').then((file) => file.Invitation))
const Shortcuts = lazyComponent(() => import('@/features/help/Shortcuts').then((file) => file.Shortcuts))

const PRELOAD_MS = 2_000

// A page that opens at a chat needs it at once; the list alone does not.
if (location.pathname.startsWith('/chats/')) void loadChat().catch(() => undefined)

type Dialog = 'new' | 'switcher' | 'profile' | 'keys' | null

/// The messenger: the chat list and the open chat.
export function ChatContainer() {
  const t = useT()
  const me = useMe()
  const { chats } = useChats()
  const open = useOpenChat()
  const linked = useLinkedMessage()
  const invitation = useInvitation()
  const [dialog, setDialog] = useState<Dialog>(null)
  const [side, setSide] = useState<{ view: SideView; words?: string } | null>(null)
  const [asked, setAsked] = useState<Target | null>(null)
  const close = useCallback(() => setDialog(null), [])
  const choose = useCallback((chat: number) => go(chatPath(chat)), [])
  const back = useCallback(() => go(chatPath(null)), [])
  const openMessage = (chat: number, message: number) => {
    go(messagePath(chat, message))
    setAsked({ message, time: Date.now() })
  }
  const target = useMemo(() => (linked === null ? null : asked?.message === linked ? asked : { message: linked, time: 0 }), [linked, asked])
  const step = (by: 1 | -1) => {
    const listed = byActivity(chats ?? []).filter((chat) => !chat.archived)
    const now = listed.findIndex((chat) => chat.id === open)
    const next = listed[now < 0 ? 0 : now + by]
    if (next) choose(next.id)
  }
  const leave = () => {
    const row = document.querySelector<HTMLElement>('nav [aria-current="page"]')
    back()
    row?.focus()
  }
  useShortcuts({
    onSwitch: () => setDialog('switcher'),
    onHelp: () => setDialog('keys'),
    onSearch: (everywhere) => {
      const button = everywhere ? null : document.querySelector<HTMLElement>('main [data-search]')
      if (button) button.click()
      else setSide({ view: 'search' })
    },
    onStep: step,
    onEscape: open === null ? null : leave,
  })

  useEffect(() => {
    const timer = setTimeout(preloadComponents, PRELOAD_MS)
    return () => clearTimeout(timer)
  }, [])

  const unread = chats?.reduce((sum, chat) => sum + chat.unread_count, 0) ?? 0
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t('app.name')}` : t('app.name')
  }, [unread, t])

  return (
    <div className={cx(styles.columns, open !== null && styles.open)}>
      <div className={styles.side}>
        <Suspense>
          {side?.view === 'search' && <SearchPanel chat={null} words={side.words} onOpen={openMessage} onClose={() => setSide(null)} />}
          {side?.view === 'bookmarks' && <BookmarksPanel onOpen={openMessage} onClose={() => setSide(null)} />}
          {side?.view === 'channels' && <ChannelsPanel onOpen={choose} onClose={() => setSide(null)} />}
        </Suspense>
        {!side && (
          <ChatSelect
            selected={open}
            onSelect={choose}
            onNew={() => setDialog('new')}
            onSearch={(words) => setSide({ view: 'search', words })}
            banner={<ConnectionBanner />}
            before={me && (
              <button type="button" className={styles.me} aria-label={t('profile.open', { name: me.display_name })} title={t('profile.title')} onClick={() => setDialog('profile')}>
                <Avatar id={me.id} name={me.display_name} url={me.avatar_url} size="small" />
              </button>
            )}
            after={<SideMenu onView={(view) => setSide({ view })} onKeys={() => setDialog('keys')} />}
          />
        )}
      </div>
      <main className={styles.main}>
        {open === null
          ? <Empty icon={<MessagesSquare size={32} />} title={t('chats.choose')}><p>{t('chats.choose.hint')}</p></Empty>
          : <Suspense><ChatMessages key={open} chatId={open} target={target} onBack={back} /></Suspense>}
      </main>
      <Suspense>
        {dialog === 'new' && <NewChat onClose={close} onOpen={choose} />}
        {dialog === 'switcher' && <Switcher onClose={close} onOpen={choose} />}
        {dialog === 'profile' && me && <Profile me={me} onClose={close} />}
        {dialog === 'keys' && <Shortcuts onClose={close} />}
        {invitation && <Invitation token={invitation} onOpen={(chat) => go(chatPath(chat), { replace: true })} onClose={back} />}
      </Suspense>
    </div>
  )
}
