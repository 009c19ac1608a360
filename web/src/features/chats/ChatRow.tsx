import { AtSign, BellOff, Pin } from 'lucide-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { draftsQuery, useMe, usePerson, useTyping } from '@/api/queries'
import { useUnsentOf } from '@/api/outbox'
import type { Chat, Message } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { DeliveryIcon } from '@/components/DeliveryIcon'
import type { Point } from '@/components/Menu'
import { Time } from '@/components/Time'
import { authorName, personName } from '@/lib/author'
import { isMuted } from '@/lib/chats'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { summary, systemText } from '@/lib/system'
import styles from './ChatRow.module.css'

interface Props {
  chat: Chat
  selected: boolean
  onSelect: (chat: number) => void
  onMenu: (chat: Chat, at: Point) => void
}

export function ChatRow({ chat, selected, onSelect, onMenu }: Props) {
  const t = useT()
  const unsent = useUnsentOf(chat.id)
  const muted = isMuted(chat)
  const failed = unsent.some((entry) => entry.state === 'failed')
  return (
    <li>
      <button
        type="button"
        className={cx(styles.row, selected && styles.selected)}
        aria-current={selected ? 'page' : undefined}
        onClick={() => onSelect(chat.id)}
        onContextMenu={(event) => {
          event.preventDefault()
          const { left, bottom } = event.currentTarget.getBoundingClientRect()
          onMenu(chat, event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : { x: left, y: bottom })
        }}
      >
        <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} group={chat.is_group} />
        <span className={styles.top}>
          <b dir="auto">{chat.kind === 'saved' ? t('chats.saved') : chat.title}</b>
          {muted && <BellOff size={14} role="img" aria-label={t('chats.muted')} />}
          {unsent.length > 0 && <DeliveryIcon state={failed ? 'failed' : 'waiting'} />}
          <Time at={chat.last_message?.ts ?? chat.created_at} form="brief" className={styles.time} />
        </span>
        <span className={styles.bottom}>
          <Preview chat={chat} />
          {chat.pinned && chat.unread_count === 0 && <Pin size={15} role="img" aria-label={t('chats.pinned')} className={styles.pin} />}
          {chat.mention_count > 0 && <span className={styles.badge}><AtSign size={14} role="img" aria-label={t('chats.mentions', { count: chat.mention_count })} /></span>}
          {chat.unread_count > 0 && (
            <span className={cx(styles.badge, muted && styles.quiet)}>
              <span aria-hidden="true">{chat.unread_count > 999 ? '999+' : chat.unread_count}</span>
              <span className="visually-hidden">{t('chats.unread', { count: chat.unread_count })}</span>
            </span>
          )}
        </span>
      </button>
    </li>
  )
}

function Preview({ chat }: { chat: Chat }) {
  const t = useT()
  const typing = useTyping(chat.id)
  const message = chat.last_message
  const { data: draft } = useQuery({ ...draftsQuery, select: (drafts) => drafts.find((one) => one.chat_id === chat.id && !one.thread_id)?.content })
  if (typing.length > 0) return <Line><em className={styles.typing}>{t('chats.typing')}</em></Line>
  if (draft && chat.unread_count === 0) return <Line><span className={styles.draft}>{t('chats.draft')}: </span>{draft}</Line>
  if (!message) return <Line>{t('chats.no_messages')}</Line>
  return <Last chat={chat} message={message} />
}

function Last({ chat, message }: { chat: Chat; message: Message }) {
  const t = useT()
  const me = useMe()
  const own = message.author_id === me?.id
  const system = message.type === 'system'
  const author = usePerson(chat.is_group || system ? message.author_id : null)
  const target = usePerson(system ? message.payload?.user_id : null)
  if (system) return <Line>{systemText(t, message, personName(t, author), personName(t, target))}</Line>
  const name = own ? t('chats.you') : chat.is_group ? authorName(t, message, author) : null
  return <Line>{name && <span className={styles.author}>{name}: </span>}{summary(t, message)}</Line>
}

function Line({ children }: { children: ReactNode }) {
  return <span className={styles.preview} dir="auto">{children}</span>
}
