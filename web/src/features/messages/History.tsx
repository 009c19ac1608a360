import { ArrowDown, MessageCircle, TriangleAlert } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { useHistory, useMembers } from '@/api/queries'
import { useUnsentOf } from '@/api/outbox'
import type { Chat, Message } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import type { Point } from '@/components/Menu'
import { useT } from '@/lib/i18n'
import styles from './History.module.css'
import { MessageMenu } from './MessageMenu'
import { MessageRow } from './MessageRow'
import { rowsOf } from './rows'
import { useReading } from './useReading'
import { useScroll } from './useScroll'

interface Props {
  chat: Chat
  me: number
  onEdit: (message: Message) => void
  onAnswer: (message: Message) => void
}

/// A chat's messages in a virtualized list that loads older ones on scroll.
export function History({ chat, me, onEdit, onAnswer }: Props) {
  const t = useT()
  const { history, isPending, isError, refetch, loadOlder, loadingOlder } = useHistory(chat.id)
  const members = useMembers(chat.id)
  const unsent = useUnsentOf(chat.id)
  const [readUpTo] = useState(chat.unread_count > 0 ? (chat.last_read_message_id ?? 0) : null)
  const [menu, setMenu] = useState<{ message: Message; at: Point } | null>(null)
  const rows = useMemo(() => rowsOf(history?.items ?? [], unsent, readUpTo, me), [history, unsent, readUpTo, me])
  const { ref, virtualizer, atEnd, settled, toEnd } = useScroll(rows, unsent.length, history?.hasOlder ?? false, loadOlder)
  useReading(chat, rows, virtualizer, settled)
  const openMenu = useCallback((message: Message, at: Point) => setMenu({ message, at }), [])

  if (isError) {
    return (
      <Empty icon={<TriangleAlert size={30} />} title={t('history.failed')}>
        <Button onClick={() => void refetch()}>{t('common.retry')}</Button>
      </Empty>
    )
  }
  return (
    <div className={styles.frame}>
      {isPending && <p className={styles.loading} role="status"><Spinner /><span className="visually-hidden">{t('common.loading')}</span></p>}
      {history && rows.length === 0 && (
        <div className={styles.loading}>
          <Empty icon={<MessageCircle size={30} />} title={t('history.empty')}><p>{t('history.empty.hint')}</p></Empty>
        </div>
      )}
      <div ref={ref} className={styles.scroll} tabIndex={0} role="region" aria-label={t('history.title')}>
        <div className={styles.bottom}>
          {loadingOlder && <p className={styles.older}><Spinner /></p>}
          <ol className={styles.rows} style={{ height: virtualizer.getTotalSize() }}>
            {virtualizer.getVirtualItems().map((item) => {
              const row = rows[item.index]
              return row && (
                <li
                  key={item.key}
                  ref={virtualizer.measureElement}
                  data-index={item.index}
                  aria-setsize={rows.length}
                  aria-posinset={item.index + 1}
                  className={styles.row}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <MessageRow row={row} chat={chat} members={members} me={me} onMenu={openMenu} />
                </li>
              )
            })}
          </ol>
        </div>
      </div>
      {!atEnd && rows.length > 0 && (
        <button type="button" className={styles.newest} aria-label={t('history.newest')} title={t('history.newest')} onClick={toEnd}>
          <ArrowDown size={22} />
          {chat.unread_count > 0 && <span>{chat.unread_count}</span>}
        </button>
      )}
      {menu && <MessageMenu key={menu.message.id} message={menu.message} at={menu.at} me={me} onEdit={onEdit} onAnswer={onAnswer} onClose={() => setMenu(null)} />}
    </div>
  )
}
