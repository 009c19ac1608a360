import { MessagesSquare } from 'lucide-react'
import { Suspense, useCallback, useEffect, useState } from 'react'
import { useChats, useMe } from '@/api/queries'
import { Avatar } from '@/components/Avatar'
import { Empty } from '@/components/Empty'
import { ChatSelect } from '@/features/chats/ChatSelect'
import { ConnectionBanner } from '@/features/chats/ConnectionBanner'
import { Switcher } from '@/features/chats/Switcher'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { lazyComponent, preloadComponents } from '@/lib/lazy'
import { chatPath, go, useOpenChat } from '@/lib/route'
import styles from './ChatContainer.module.css'
import { ChatMessages } from './ChatMessages'
import { useShortcuts } from './useShortcuts'

const NewChat = lazyComponent(() => import('@/features/chats/NewChat').then((file) => file.NewChat))
const Profile = lazyComponent(() => import('@/features/profile/Profile').then((file) => file.Profile))

const PRELOAD_MS = 2_000

type Panel = 'new' | 'switcher' | 'profile' | null

/// The messenger: the chat list and the open chat.
export function ChatContainer() {
  const t = useT()
  const me = useMe()
  const { chats } = useChats()
  const open = useOpenChat()
  const [panel, setPanel] = useState<Panel>(null)
  const close = useCallback(() => setPanel(null), [])
  const choose = useCallback((chat: number) => go(chatPath(chat)), [])
  const back = useCallback(() => go(chatPath(null)), [])
  useShortcuts(useCallback(() => setPanel('switcher'), []), open === null ? null : back)

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
      <aside className={styles.side}>
        <ChatSelect
          selected={open}
          onSelect={choose}
          onNew={() => setPanel('new')}
          banner={<ConnectionBanner />}
          before={me && (
            <button type="button" className={styles.me} aria-label={t('profile.open', { name: me.display_name })} title={t('profile.title')} onClick={() => setPanel('profile')}>
              <Avatar id={me.id} name={me.display_name} url={me.avatar_url} size="small" />
            </button>
          )}
        />
      </aside>
      <main className={styles.main}>
        {open === null
          ? <Empty icon={<MessagesSquare size={32} />} title={t('chats.choose')}><p>{t('chats.choose.hint')}</p></Empty>
          : <ChatMessages key={open} chatId={open} onBack={back} />}
      </main>
      <Suspense>
        {panel === 'new' && <NewChat onClose={close} onOpen={choose} />}
        {panel === 'switcher' && <Switcher onClose={close} onOpen={choose} />}
        {panel === 'profile' && me && <Profile me={me} onClose={close} />}
      </Suspense>
    </div>
  )
}
