import { Archive, ArrowLeft, MessagesSquare, Search as SearchIcon, SquarePen, TriangleAlert } from 'lucide-react'
import { Suspense, useCallback, useMemo, useState, type ReactNode } from 'react'
import { useChats } from '@/api/queries'
import type { Chat } from '@/api/types'
import { Button, IconButton, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import type { Point } from '@/components/Menu'
import { Search } from '@/components/Search'
import { useLanguage, useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { ChatRow } from './ChatRow'
import { StorageNote } from './StorageNote'
import styles from './ChatSelect.module.css'
import { byActivity, matches } from '@/lib/chats'

const ChatMenu = lazyComponent(() => import('./ChatMenu').then((file) => file.ChatMenu))

interface Props {
  selected: number | null
  onSelect: (chat: number) => void
  onNew: () => void
  /// Looks for words in messages.
  onSearch?: (words: string) => void
  /// Where there is an assistant: sums up what is unread in a chat.
  onCatchUp?: (chat: number) => void
  /// Shown before the search field.
  before?: ReactNode
  /// Shown after the button for a new chat.
  after?: ReactNode
  /// Shown above the list, such as the connection state.
  banner?: ReactNode
}

/// The user's chats, the most recently active first.
export function ChatSelect({ selected, onSelect, onNew, onSearch, onCatchUp, before, after, banner }: Props) {
  const t = useT()
  const language = useLanguage()
  const { chats, isPending, isError, refetch } = useChats()
  const [words, setWords] = useState('')
  const [archive, setArchive] = useState(false)
  const found = useMemo(() => byActivity(chats ?? []).filter((chat) => matches(chat, words, language)), [chats, words, language])
  const [menu, setMenu] = useState<{ chat: Chat; at: Point } | null>(null)
  const openMenu = useCallback((chat: Chat, at: Point) => setMenu({ chat, at }), [])
  const archived = found.filter((chat) => chat.archived)
  // A search looks everywhere.
  const shown = words.trim() ? found : archive ? archived : found.filter((chat) => !chat.archived)
  const archivedUnread = archived.reduce((sum, chat) => sum + chat.unread_count, 0)

  return (
    <nav className={styles.select} aria-label={t('chats.title')}>
      <header className={styles.header}>
        {before}
        <Search label={t('chats.search')} value={words} onChange={(event) => setWords(event.target.value)} />
        <IconButton label={t('chats.new')} onClick={onNew}><SquarePen size={20} /></IconButton>
        {after}
      </header>
      {banner}
      <StorageNote />
      {words.trim() !== '' && onSearch && (
        <button type="button" className={styles.search} onClick={() => onSearch(words)}><SearchIcon size={18} />{t('chats.search_messages', { words: words.trim() })}</button>
      )}
      {!words.trim() && (archive || archived.length > 0) && (
        <button type="button" className={styles.search} aria-expanded={archive} onClick={() => setArchive(!archive)}>
          {archive ? <ArrowLeft size={18} /> : <Archive size={18} />}
          {archive ? t('chats.leave_archive') : t('chats.archive', { count: archived.length })}
          {!archive && archivedUnread > 0 && <small>{archivedUnread}</small>}
        </button>
      )}
      {isPending && <p className={styles.loading}><Spinner /></p>}
      {isError && (
        <Empty icon={<TriangleAlert />} title={t('chats.failed')}>
          <Button onClick={() => void refetch()}>{t('common.retry')}</Button>
        </Empty>
      )}
      {chats?.length === 0 && (
        <Empty icon={<MessagesSquare size={32} />} title={t('chats.empty')}>
          <p>{t('chats.empty.hint')}</p>
          <Button look="main" onClick={onNew}>{t('chats.new')}</Button>
        </Empty>
      )}
      {chats && chats.length > 0 && shown.length === 0 && (words.trim() || archive) && <Empty icon={<SearchIcon />} title={t('common.nothing')} />}
      {shown.length > 0 && (
        <ul className={styles.list}>
          {shown.map((chat) => (
            <ChatRow key={chat.id} chat={chat} selected={chat.id === selected} onSelect={onSelect} onMenu={openMenu} />
          ))}
        </ul>
      )}
      <Suspense>{menu && <ChatMenu chat={menu.chat} at={menu.at} onCatchUp={onCatchUp && (() => onCatchUp(menu.chat.id))} onClose={() => setMenu(null)} />}</Suspense>
    </nav>
  )
}
