import { ArrowLeft, Info, MessageCircleOff } from 'lucide-react'
import { Suspense, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { History as Known } from '@/api/history'
import { keys } from '@/api/keys'
import { useChat, useChats, useMe } from '@/api/queries'
import type { Chat, Message, Quote } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { IconButton } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { ConnectionBanner } from '@/features/chats/ConnectionBanner'
import { Composer } from '@/features/composer/Composer'
import { DropZone } from '@/features/composer/DropZone'
import { Announcer } from '@/features/messages/Announcer'
import { History } from '@/features/messages/History'
import { TypingLine } from '@/features/messages/TypingLine'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { summary } from '@/lib/system'
import styles from './ChatMessages.module.css'

const ChatInfo = lazyComponent(() => import('@/features/members/ChatInfo').then((file) => file.ChatInfo))

/// One chat: header, messages and composer.
export function ChatMessages({ chatId, onBack }: { chatId: number; onBack?: () => void }) {
  const t = useT()
  const { chats } = useChats()
  const chat = useChat(chatId)
  const me = useMe()
  if (chat && me) return <Conversation chat={chat} me={me.id} onBack={onBack} />
  return chats ? <Empty icon={<MessageCircleOff size={30} />} title={t('chats.gone')} /> : null
}

function Conversation({ chat, me, onBack }: { chat: Chat; me: number; onBack?: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const [staged, setStaged] = useState<File[]>([])
  const [editing, setEditing] = useState<Message | null>(null)
  const [quoted, setQuoted] = useState<Quote | null>(null)
  const [info, setInfo] = useState(false)
  const editLast = () => {
    const own = cache.getQueryData<Known>(keys.history(chat.id))?.items.findLast((message) =>
      message.author_id === me && !message.deleted && message.type !== 'system' && message.content)
    if (own) setEditing(own)
  }

  const answer = (message: Message) => {
    setEditing(null)
    setQuoted({ id: message.id, author_id: message.author_id, type: message.type, text: summary(t, message) })
  }

  return (
    <>
      <header className={styles.header}>
        {onBack && <IconButton label={t('common.back')} className={styles.back} onClick={onBack}><ArrowLeft size={22} /></IconButton>}
        <button type="button" className={styles.title} onClick={() => setInfo(true)}>
          <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} group={chat.is_group} />
          <span>
            <h1 dir="auto">{chat.title}</h1>
            <TypingLine chat={chat} />
          </span>
        </button>
        <IconButton label={t('members.open')} onClick={() => setInfo(true)}><Info size={21} /></IconButton>
      </header>
      <div className={styles.narrow}><ConnectionBanner /></div>
      <DropZone onFiles={(files) => setStaged([...staged, ...files])}>
        <History chat={chat} me={me} onEdit={setEditing} onAnswer={answer} />
        <Composer
          key={editing?.id ?? 'new'}
          chat={chat}
          staged={staged}
          onStage={setStaged}
          editing={editing}
          onEdit={setEditing}
          quoted={quoted}
          onQuote={setQuoted}
          onEditLast={editLast}
        />
      </DropZone>
      <Announcer chat={chat.id} />
      <Suspense>{info && <ChatInfo chat={chat} me={me} onClose={() => setInfo(false)} />}</Suspense>
    </>
  )
}
