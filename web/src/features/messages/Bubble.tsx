import { EllipsisVertical } from 'lucide-react'
import type { Message } from '@/api/types'
import type { Point } from '@/components/Menu'
import { DeliveryIcon, type Delivery } from '@/components/DeliveryIcon'
import { Time } from '@/components/Time'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { hue } from '@/lib/media'
import styles from './Bubble.module.css'
import { Content } from './Content'
import { Reactions } from './Reactions'
import type { Row } from './rows'
import { Unsent } from './Unsent'
import { useLongPress } from './useLongPress'

interface Props {
  row: Row
  own: boolean
  me: number
  author: string | null
  delivery: Delivery | null
  onMenu: (message: Message, at: Point) => void
}

export function Bubble({ row, own, me, author, delivery, onMenu }: Props) {
  const t = useT()
  const { message, entry } = row
  const actions = !entry && !message.deleted
  const picture = (message.type === 'image' || message.type === 'video') && !message.deleted
  const compact = (message.type === 'voice' || message.type === 'file') && !message.content && !message.deleted
  const bare = picture && !message.content && !author
  const hold = useLongPress(actions ? (at) => onMenu(message, at) : null)
  return (
    <div className={cx(styles.around, own && styles.own)}>
      <div
        className={cx(styles.bubble, row.last && styles.tail, picture && styles.picture, bare && styles.bare, compact && styles.compact, message.deleted && styles.gone)}
        {...hold}
      >
        {author && <b className={cx(styles.author, styles[`hue${hue(message.author_id)}`])}>{author}</b>}
        <Content message={message} entry={entry} me={me} />
        <span className={styles.meta}>
          {message.edited_at && !message.deleted && <span>{t('message.edited')}</span>}
          <Time at={message.ts} form="clock" />
          {delivery && !message.deleted && <DeliveryIcon state={delivery} />}
        </span>
      </div>
      {message.reactions.length > 0 && <Reactions message={message} me={me} />}
      {entry && <Unsent entry={entry} />}
      {actions && (
        <button
          type="button"
          className={styles.more}
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
