import { SquarePen } from 'lucide-react'
import { useState } from 'react'
import { Avatar } from '@/components/Avatar'
import { IconButton, Spinner } from '@/components/Button'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import { NewConversationDialog } from './NewConversationDialog'
import styles from './Provider.module.css'
import type { Conversation, CreateConversation } from './types'

export interface ChatSelectProps {
  onSelectChat: (chatId: string) => void
  conversations: Conversation[]
  loading: boolean
  onCreateConversation: CreateConversation
  selectedChatId: string | null
}

/// The list of conversations, with a search and a button for a new one. Inside a `BesedkaProvider`.
export function ChatSelect({ onSelectChat, conversations, loading, onCreateConversation, selectedChatId }: ChatSelectProps) {
  const t = useT()
  const [words, setWords] = useState('')
  const [creating, setCreating] = useState(false)
  const wanted = words.trim().toLocaleLowerCase()
  const found = conversations.filter(({ title }) => (title ?? '').toLocaleLowerCase().includes(wanted))
  return (
    <nav className={styles.column} aria-label={t('chats.title')}>
      <div className={styles.head}>
        <Search label={t('chats.search')} value={words} onChange={(event) => setWords(event.target.value)} />
        <IconButton label={t('chats.new')} onClick={() => setCreating(true)}><SquarePen size={20} /></IconButton>
      </div>
      <ul className={styles.list} aria-busy={loading}>
        {found.map(({ id, title, type }) => (
          <li key={id}>
            <button type="button" aria-current={id === selectedChatId ? 'page' : undefined} onClick={() => onSelectChat(id)}>
              <Avatar id={Number(id)} name={title ?? ''} group={type === 'group'} />
              <b dir="auto">{title}</b>
            </button>
          </li>
        ))}
      </ul>
      {loading ? <div className={styles.note}><Spinner /></div> : found.length === 0 && <p className={styles.note} role="status">{t('common.nothing')}</p>}
      {creating && <NewConversationDialog onCreate={onCreateConversation} onCreated={onSelectChat} onClose={() => setCreating(false)} />}
    </nav>
  )
}
