import { memo } from 'react'
import { usePerson } from '@/api/queries'
import type { Chat, Member, Message } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import type { Point } from '@/components/Menu'
import { Time } from '@/components/Time'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { systemText } from '@/lib/system'
import { Bubble } from './Bubble'
import styles from './MessageRow.module.css'
import { deliveryOf, type Row } from './rows'

interface Props {
  row: Row
  chat: Chat
  members: Member[] | undefined
  me: number
  onMenu: (message: Message, at: Point) => void
}

export const MessageRow = memo(function MessageRow({ row, chat, members, me, onMenu }: Props) {
  const t = useT()
  const { message } = row
  const own = message.author_id === me
  const system = message.type === 'system'
  const author = usePerson(own && !system ? null : message.author_id, members)
  const name = author?.display_name ?? ''
  return (
    <>
      {row.day && <p className={styles.day}><Time at={message.ts} form="day" /></p>}
      {row.unread && <p className={styles.unread}><span>{t('history.unread')}</span></p>}
      {system
        ? <SystemLine message={message} members={members} actor={name} />
        : (
          <article className={cx(styles.line, own && styles.own, row.first && styles.first)} aria-label={own ? t('chats.you') : name}>
            {chat.is_group && !own && (
              <span className={styles.face}>
                {row.last && <Avatar id={message.author_id} name={name || '?'} url={author?.avatar_url} size="small" />}
              </span>
            )}
            <Bubble
              row={row}
              own={own}
              me={me}
              author={chat.is_group && !own && row.first ? name : null}
              delivery={own ? deliveryOf(row, members, me) : null}
              onMenu={onMenu}
            />
          </article>
        )}
    </>
  )
})

function SystemLine({ message, members, actor }: { message: Message; members: Member[] | undefined; actor: string }) {
  const target = usePerson(message.payload?.user_id, members)
  const t = useT()
  return <p className={styles.system}><span>{systemText(t, message, actor, target?.display_name ?? '')}</span></p>
}
