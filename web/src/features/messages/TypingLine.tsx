import { useMembers, usePerson, useTyping } from '@/api/queries'
import type { Chat } from '@/api/types'
import { useT } from '@/lib/i18n'
import styles from './TypingLine.module.css'

/// Under the title: who is typing, else the member count or username.
export function TypingLine({ chat }: { chat: Chat }) {
  const t = useT()
  const typing = useTyping(chat.id)
  const members = useMembers(chat.id)
  const first = usePerson(typing[0], members)
  if (typing.length === 0) {
    return <small className={styles.line}>{chat.is_group ? t('chats.members', { count: chat.member_count }) : [chat.peer?.is_bot && t('bots.tag'), chat.peer?.username && `@${chat.peer.username}`].filter(Boolean).join(' · ')}</small>
  }
  const text = !chat.is_group
    ? t('chats.typing')
    : typing.length === 1 ? t('chats.typing.one', { name: first?.display_name ?? '' }) : t('chats.typing.many', { count: typing.length })
  return <small className={styles.typing}>{text}<i /><i /><i /></small>
}
