import { MessagesSquare, Search as SearchIcon, SquarePen, TriangleAlert } from 'lucide-react'
import { useMemo, useState, type ReactNode } from 'react'
import { useChats } from '@/api/queries'
import { Button, IconButton, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { Search } from '@/components/Search'
import { useLanguage, useT } from '@/lib/i18n'
import { ChatRow } from './ChatRow'
import styles from './ChatSelect.module.css'
import { byActivity, matches } from './order'

interface Props {
  selected: number | null
  onSelect: (chat: number) => void
  onNew: () => void
  /// Shown before the search field.
  before?: ReactNode
  /// Shown above the list, such as the connection state.
  banner?: ReactNode
}

/// The user's chats, the most recently active first.
export function ChatSelect({ selected, onSelect, onNew, before, banner }: Props) {
  const t = useT()
  const language = useLanguage()
  const { chats, isPending, isError, refetch } = useChats()
  const [words, setWords] = useState('')
  const shown = useMemo(() => byActivity(chats ?? []).filter((chat) => matches(chat, words, language)), [chats, words, language])

  return (
    <nav className={styles.select} aria-label={t('chats.title')}>
      <header className={styles.header}>
        {before}
        <Search label={t('chats.search')} value={words} onChange={(event) => setWords(event.target.value)} />
        <IconButton label={t('chats.new')} onClick={onNew}><SquarePen size={20} /></IconButton>
      </header>
      {banner}
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
      {chats && chats.length > 0 && shown.length === 0 && <Empty icon={<SearchIcon />} title={t('common.nothing')} />}
      {shown.length > 0 && (
        <ul className={styles.list}>
          {shown.map((chat) => (
            <ChatRow key={chat.id} chat={chat} selected={chat.id === selected} onSelect={onSelect} />
          ))}
        </ul>
      )}
    </nav>
  )
}
