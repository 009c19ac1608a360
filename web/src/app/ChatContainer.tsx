import { MessagesSquare } from 'lucide-react'
import { Suspense, useCallback, useContext, useEffect, useState, type ReactNode } from 'react'
import { Empty } from '@/components/Empty'
import { ChatSelect } from '@/features/chats/ChatSelect'
import { ConnectionBanner } from '@/features/chats/ConnectionBanner'
import { Switcher } from '@/features/chats/Switcher'
import { OwnsHistory } from '@/lib/back'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { lazyComponent, preloadComponents } from '@/lib/lazy'
import { PersonContext } from '@/lib/person'
import styles from './ChatContainer.module.css'
import { ChatMessages } from './ChatMessages'
import { useShortcuts } from './useShortcuts'

const NewChat = lazyComponent(() => import('@/features/chats/NewChat').then((file) => file.NewChat))
const PersonCard = lazyComponent(() => import('@/features/people/PersonCard').then((file) => file.PersonCard))

const PRELOAD_MS = 2_000

interface Props {
  /// The open chat, and how another one is opened.
  open: number | null
  onOpen: (chat: number | null) => void
  /// Before the search field: the user's account.
  account?: ReactNode
  /// Above the list.
  banner?: (findSomebody: () => void) => ReactNode
  /// Instead of an open chat.
  empty?: (findSomebody: () => void) => ReactNode
}

/// The messenger: the chat list and the open chat.
export function ChatContainer({ open, onOpen, account, banner, empty }: Props) {
  const t = useT()
  const [panel, setPanel] = useState<'new' | 'switcher' | null>(null)
  const [person, setPerson] = useState<number | null>(null)
  const close = useCallback(() => setPanel(null), [])
  const back = useCallback(() => onOpen(null), [onOpen])
  const find = useCallback(() => setPanel('new'), [])
  // The keys of a host's page are its own.
  useShortcuts(useContext(OwnsHistory), useCallback(() => setPanel('switcher'), []), open === null ? null : back)

  useEffect(() => {
    const timer = setTimeout(preloadComponents, PRELOAD_MS)
    return () => clearTimeout(timer)
  }, [])

  return (
    <PersonContext value={setPerson}>
      <div className={styles.frame}>
        <div className={cx(styles.columns, open !== null && styles.open)}>
          <aside className={styles.side}>
            <ChatSelect selected={open} onSelect={onOpen} onNew={find} banner={<><ConnectionBanner />{banner?.(find)}</>} before={account} />
          </aside>
          <main className={styles.main}>
            {open !== null
              ? <ChatMessages key={open} chatId={open} onBack={back} />
              : empty?.(find) ?? <Empty icon={<MessagesSquare size={32} />} title={t('chats.choose')}><p>{t('chats.choose.hint')}</p></Empty>}
          </main>
        </div>
      </div>
      <Suspense>
        {panel === 'new' && <NewChat onClose={close} onOpen={onOpen} />}
        {panel === 'switcher' && <Switcher onClose={close} onOpen={onOpen} />}
        {person !== null && <PersonCard key={person} id={person} onClose={() => setPerson(null)} onOpen={onOpen} />}
      </Suspense>
    </PersonContext>
  )
}
