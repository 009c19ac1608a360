import { MessagesSquare } from 'lucide-react'
import { Suspense, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { useHas } from '@/api/abilities'
import { useOpenSaved } from '@/api/actions'
import { useChats } from '@/api/queries'
import { Empty } from '@/components/Empty'
import { ChatSelect } from '@/features/chats/ChatSelect'
import { ConnectionBanner } from '@/features/chats/ConnectionBanner'
import type { NewKind } from '@/features/chats/NewChat'
import { CopyNote } from '@/features/chats/CopyNote'
import type { Target } from '@/features/messages/useJump'
import type { Page } from '@/features/settings/Settings'
import { OwnsHistory } from '@/lib/back'
import { byActivity } from '@/lib/chats'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { lazyComponent, preloadComponents } from '@/lib/lazy'
import { PersonContext } from '@/lib/person'
import styles from './ChatContainer.module.css'
import { SideMenu, type SideView } from './SideMenu'
import { useShortcuts } from './useShortcuts'

export const ChatMessages = lazyComponent(() => import('./ChatMessages').then((file) => file.ChatMessages))
const NewChat = lazyComponent(() => import('@/features/chats/NewChat').then((file) => file.NewChat))
const CommandPalette = lazyComponent(() => import('./CommandPalette').then((file) => file.CommandPalette))
const PersonCard = lazyComponent(() => import('@/features/people/PersonCard').then((file) => file.PersonCard))
const SearchPanel = lazyComponent(() => import('@/features/search/SearchPanel').then((file) => file.SearchPanel))
const BookmarksPanel = lazyComponent(() => import('@/features/saved/BookmarksPanel').then((file) => file.BookmarksPanel))
const CatchUpDialog = lazyComponent(() => import('@/features/assistant/CatchUpDialog').then((file) => file.CatchUpDialog))
const ChannelsPanel = lazyComponent(() => import('@/features/channels/ChannelsPanel').then((file) => file.ChannelsPanel))
const Shortcuts = lazyComponent(() => import('@/features/help/Shortcuts').then((file) => file.Shortcuts))

const PRELOAD_MS = 2_000

interface Props {
  /// The open chat and, if a link leads to one, the message to show in it.
  open: number | null
  linked?: number | null
  /// Opens another chat, perhaps at a message of it.
  onOpen: (chat: number | null, message?: number) => void
  /// Opens the user's settings, at a page of them.
  onSettings?: (page: Page | null) => void
  /// Before the search field: the user's account.
  account?: ReactNode
  /// Above the list.
  banner?: (findSomebody: () => void) => ReactNode
  /// Instead of an open chat.
  empty?: (findSomebody: () => void) => ReactNode
}

type Panel = { show: 'new'; kind: NewKind } | { show: 'switcher' | 'keys' } | null

/// The messenger: the chat list and the open chat.
export function ChatContainer({ open, linked = null, onOpen, onSettings, account, banner, empty }: Props) {
  const t = useT()
  const { chats } = useChats()
  const frame = useRef<HTMLDivElement>(null)
  const [panel, setPanel] = useState<Panel>(null)
  const [side, setSide] = useState<{ view: SideView; words?: string } | null>(null)
  const [caughtUp, setCaughtUp] = useState<number | null>(null)
  const assistant = useHas('assistant')
  const [person, setPerson] = useState<number | null>(null)
  const [asked, setAsked] = useState<Target & { chat: number } | null>(null)
  const close = useCallback(() => setPanel(null), [])
  const closeSide = useCallback(() => setSide(null), [])
  const choose = useCallback((chat: number) => { setAsked(null); onOpen(chat) }, [onOpen])
  const { mutate: openSaved } = useOpenSaved()
  const showSaved = useCallback(() => openSaved(undefined, { onSuccess: ({ id }) => choose(id) }), [openSaved, choose])
  const back = useCallback(() => onOpen(null), [onOpen])
  const make = useCallback((kind: NewKind) => setPanel({ show: 'new', kind }), [])
  const find = useCallback(() => make(null), [make])
  const showKeys = useCallback(() => setPanel({ show: 'keys' }), [])
  const showView = useCallback((view: SideView) => setSide({ view }), [])
  const openMessage = (chat: number, message: number) => {
    onOpen(chat, message)
    setAsked({ chat, message, time: Date.now() })
  }
  const target = useMemo(() => {
    if (asked && asked.chat === open && (linked === null || linked === asked.message)) return asked
    return linked === null ? null : { message: linked, time: 0 }
  }, [asked, linked, open])
  const step = (by: 1 | -1) => {
    const listed = byActivity(chats ?? []).filter((chat) => !chat.archived)
    const now = listed.findIndex((chat) => chat.id === open)
    const next = listed[now < 0 ? 0 : now + by]
    if (next) choose(next.id)
  }
  const leave = () => {
    const row = frame.current?.querySelector<HTMLElement>('nav [aria-current="page"]')
    back()
    row?.focus()
  }
  // The keys of a host's page are its own.
  useShortcuts(useContext(OwnsHistory), {
    onSwitch: () => setPanel({ show: 'switcher' }),
    onHelp: showKeys,
    onSearch: (everywhere) => {
      const button = everywhere ? null : frame.current?.querySelector<HTMLElement>('main [data-search]')
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

  return (
    <PersonContext value={setPerson}>
      <div className={styles.frame} ref={frame}>
        <div className={cx(styles.columns, open !== null && styles.open)}>
          <div className={styles.side}>
            <Suspense>
              {side?.view === 'search' && <SearchPanel chat={null} words={side.words} onOpen={openMessage} onClose={closeSide} />}
              {side?.view === 'bookmarks' && <BookmarksPanel onOpen={openMessage} onClose={closeSide} />}
              {side?.view === 'channels' && <ChannelsPanel onOpen={choose} onClose={closeSide} />}
            </Suspense>
            {!side && (
              <ChatSelect
                selected={open}
                onSelect={choose}
                onNew={find}
                onCatchUp={assistant ? setCaughtUp : undefined}
                onSearch={(words) => setSide({ view: 'search', words })}
                banner={<><ConnectionBanner /><CopyNote />{banner?.(find)}</>}
                before={account}
                after={<SideMenu onView={showView} onSaved={showSaved} onKeys={showKeys} onSwitch={() => setPanel({ show: 'switcher' })} />}
              />
            )}
          </div>
          <main className={styles.main}>
            {open !== null
              ? <Suspense><ChatMessages key={open} chatId={open} target={target} onBack={back} /></Suspense>
              : empty?.(find) ?? <Empty icon={<MessagesSquare size={32} />} title={t('chats.choose')}><p>{t('chats.choose.hint')}</p></Empty>}
          </main>
        </div>
      </div>
      <Suspense>
        {panel?.show === 'new' && <NewChat start={panel.kind} onClose={close} onOpen={choose} />}
        {panel?.show === 'switcher' && (
          <CommandPalette
            onOpen={(chat, message) => (message ? openMessage(chat, message) : choose(chat))}
            onNew={make}
            onView={showView}
            onSaved={showSaved}
            onKeys={showKeys}
            onSettings={onSettings}
            onClose={close}
          />
        )}
        {panel?.show === 'keys' && <Shortcuts onClose={close} />}
        {caughtUp !== null && <CatchUpDialog chat={caughtUp} onClose={() => setCaughtUp(null)} />}
        {person !== null && <PersonCard key={person} id={person} onClose={() => setPerson(null)} onOpen={choose} />}
      </Suspense>
    </PersonContext>
  )
}
