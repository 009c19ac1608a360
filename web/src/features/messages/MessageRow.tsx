import { memo } from 'react'
import { mentionsMe } from '@/api/unread'
import { usePerson } from '@/api/queries'
import type { Message } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import type { Point } from '@/components/Menu'
import { Time } from '@/components/Time'
import { authorName, personName } from '@/lib/author'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { useOpenPerson } from '@/lib/person'
import { systemText } from '@/lib/system'
import { Bubble } from './Bubble'
import { useMessages } from './context'
import styles from './MessageRow.module.css'
import { deliveryOf, type Row } from './rows'

interface Props {
  row: Row
  onMenu: (message: Message, at: Point) => void
}

export const MessageRow = memo(function MessageRow({ row, onMenu }: Props) {
  const t = useT()
  const { chat, members, me: { id: me } } = useMessages()
  const openPerson = useOpenPerson()
  const { message } = row
  const own = message.author_id === me
  const system = message.type === 'system'
  const author = usePerson(own && !system ? null : message.author_id, members)
  const name = authorName(t, message, author)
  const meant = !own && !message.deleted && mentionsMe(message, me)
  const face = <Avatar id={message.author_id} name={name || '?'} url={author?.avatar_url} size="small" />
  return (
    <>
      {row.day && <p className={styles.day}><Time at={message.ts} form="day" /></p>}
      {row.unread && <p className={styles.unread}><span>{t('history.unread')}</span></p>}
      {system
        ? <SystemLine message={message} actor={name} />
        : (
          <article
            className={cx(styles.line, own && styles.own, row.first && styles.first, meant && styles.meant)}
            aria-label={meant ? t('message.meant', { name }) : own ? t('chats.you') : name}
            tabIndex={-1}
          >
            {chat.is_group && !own && (
              <span className={styles.face}>
                {row.last && (openPerson
                  ? <button type="button" tabIndex={-1} aria-label={t('people.card', { name })} onClick={() => openPerson(message.author_id)}>{face}</button>
                  : face)}
              </span>
            )}
            <Bubble
              row={row}
              own={own}
              author={chat.is_group && !own && row.first ? name : null}
              bot={author?.is_bot ? author : null}
              delivery={own ? deliveryOf(row, members, me) : null}
              onMenu={onMenu}
            />
          </article>
        )}
    </>
  )
})

function SystemLine({ message, actor }: { message: Message; actor: string }) {
  const { members } = useMessages()
  const target = usePerson(message.payload?.user_id, members)
  const t = useT()
  return <p className={styles.system}><span>{systemText(t, message, actor, personName(t, target))}</span></p>
}
