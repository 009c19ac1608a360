import type { ReactNode } from 'react'
import { useMe, usePerson, useTyping } from '@/api/queries'
import { useUnsentOf } from '@/api/outbox'
import type { Chat, Message } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { DeliveryIcon } from '@/components/DeliveryIcon'
import { Time } from '@/components/Time'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { summary, systemText } from '@/lib/system'
import styles from './ChatRow.module.css'

interface Props {
  chat: Chat
  selected: boolean
  onSelect: (chat: number) => void
}

export function ChatRow({ chat, selected, onSelect }: Props) {
  const t = useT()
  const unsent = useUnsentOf(chat.id)
  const failed = unsent.some((entry) => entry.state === 'failed')
  return (
    <li>
      <button
        type="button"
        className={cx(styles.row, selected && styles.selected)}
        aria-current={selected ? 'page' : undefined}
        onClick={() => onSelect(chat.id)}
      >
        <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} group={chat.is_group} />
        <span className={styles.top}>
          <b dir="auto">{chat.title}</b>
          {unsent.length > 0 && <DeliveryIcon state={failed ? 'failed' : 'waiting'} />}
          <Time at={chat.last_message?.ts ?? chat.created_at} form="brief" className={styles.time} />
        </span>
        <span className={styles.bottom}>
          <Preview chat={chat} />
          {chat.unread_count > 0 && (
            <span className={styles.badge}>
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
  if (typing.length > 0) return <Line><em className={styles.typing}>{t('chats.typing')}</em></Line>
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
  if (system) return <Line>{systemText(t, message, author?.display_name ?? '', target?.display_name ?? '')}</Line>
  const name = own ? t('chats.you') : chat.is_group ? author?.display_name : null
  return <Line>{name && <span className={styles.author}>{name}: </span>}{summary(t, message)}</Line>
}

function Line({ children }: { children: ReactNode }) {
  return <span className={styles.preview} dir="auto">{children}</span>
}
