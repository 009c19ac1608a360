import { BellOff, EllipsisVertical, MessagesSquare, Pin, Timer } from 'lucide-react'
import type { Message, Person } from '@/api/types'
import type { Point } from '@/components/Menu'
import { BotTag } from '@/components/BotTag'
import { DeliveryIcon, type Delivery } from '@/components/DeliveryIcon'
import { Time } from '@/components/Time'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { hue, kindOf } from '@/lib/media'
import { useOpenPerson } from '@/lib/person'
import styles from './Bubble.module.css'
import { Content } from './Content'
import { useMessages } from './context'
import { Reactions } from './Reactions'
import { readersOf, type Row } from './rows'
import { Unsent } from './Unsent'
import { useLongPress } from './useLongPress'

interface Props {
  row: Row
  own: boolean
  author: string | null
  /// The program that wrote it, if one did.
  bot: Person | null
  delivery: Delivery | null
  onMenu: (message: Message, at: Point) => void
}

export function Bubble({ row, own, author, bot, delivery, onMenu }: Props) {
  const t = useT()
  const { me: { id: me } } = useMessages()
  const openPerson = useOpenPerson()
  const { message, entry } = row
  const actions = !entry && !message.deleted
  const several = message.attachments.length > 1
  const pictures = message.attachments.filter(({ content_type }) => kindOf(content_type) === 'image').length
  const picture = (message.type === 'image' || message.type === 'video' || (several && pictures > 0)) && !message.deleted
  const compact = message.type === 'file' && !picture && !message.content && !message.deleted
  const bare = message.type === 'image' && pictures === message.attachments.length && !message.deleted && !message.content && !author && !message.forwarded_from && !message.reply_to
  const hold = useLongPress(actions ? (at) => onMenu(message, at) : null)
  return (
    <div className={cx(styles.around, own && styles.own)}>
      <div
        data-bubble
        className={cx(styles.bubble, row.last && styles.tail, picture && styles.picture, bare && styles.bare, compact && styles.compact, message.deleted && styles.gone)}
        {...hold}
      >
        {author && (
          <button type="button" tabIndex={-1} className={cx(styles.author, styles[`hue${hue(message.author_id)}`])} disabled={!openPerson} title={bot && bot.display_name !== author ? t('bots.via', { name: bot.display_name }) : undefined} onClick={() => openPerson?.(message.author_id)}>
            <bdi>{author}</bdi>{bot && <BotTag />}
          </button>
        )}
        <Content message={message} entry={entry} me={me} />
        <Meta row={row} delivery={delivery} />
      </div>
      {message.reactions.length > 0 && <Reactions message={message} me={me} />}
      <ThreadLink message={message} />
      {entry && <Unsent entry={entry} />}
      {actions && (
        <button
          type="button"
          className={styles.more}
          tabIndex={-1}
          aria-label={t('message.actions')}
          title={t('message.actions')}
          aria-haspopup="menu"
          onClick={(event) => {
            const { left, bottom } = event.currentTarget.getBoundingClientRect()
            onMenu(message, { x: left, y: bottom })
          }}
        >
          <EllipsisVertical size={18} />
        </button>
      )}
    </div>
  )
}

function Meta({ row: { message }, delivery }: { row: Row; delivery: Delivery | null }) {
  const t = useT()
  const { chat, members, me } = useMessages()
  const readers = delivery === 'read' && chat.is_group ? readersOf(message, members, me.id) : 0
  return (
    <span className={styles.meta}>
      {message.pinned_at && <Pin size={13} role="img" aria-label={t('message.pinned')} />}
      {message.silent && <BellOff size={13} role="img" aria-label={t('message.silent')} />}
      {message.expires_at && !message.deleted && <Timer size={13} role="img" aria-label={t('message.expires')} />}
      {message.edited_at && !message.deleted && <span>{t('message.edited')}</span>}
      <Time at={message.ts} form="clock" />
      {delivery && !message.deleted && (
        <DeliveryIcon state={delivery} note={readers > 0 ? t('delivery.readers', { count: readers }) : undefined} />
      )}
    </span>
  )
}

/// Under the first message of a thread: its replies. Above a reply in the chat: that it belongs to one.
function ThreadLink({ message }: { message: Message }) {
  const t = useT()
  const { inThread, onAction } = useMessages()
  if (inThread || message.deleted) return null
  const { thread, thread_id } = message
  if (!thread && !thread_id) return null
  return (
    <button type="button" tabIndex={-1} className={styles.thread} onClick={() => onAction('thread', message)}>
      <MessagesSquare size={15} />
      {thread ? t('message.replies', { count: thread.count }) : t('message.in_thread')}
    </button>
  )
}
