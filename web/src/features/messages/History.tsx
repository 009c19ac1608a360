import { ArrowDown, MessageCircle, TriangleAlert } from 'lucide-react'
import { Suspense, useMemo, useState } from 'react'
import { toast } from 'sonner'
import { useHistory } from '@/api/queries'
import { useUnsentOf } from '@/api/outbox'
import type { Message } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import type { Point } from '@/components/Menu'
import { moment } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { useMessages } from './context'
import styles from './History.module.css'
import { MessageRow } from './MessageRow'
import { rowMaker } from './rows'
import { moveFocus } from './focus'
import { useJump, type Target } from './useJump'
import { useReading } from './useReading'
import { useScroll } from './useScroll'

const MessageMenu = lazyComponent(() => import('./MessageMenu').then((file) => file.MessageMenu))

interface Props {
  /// The message to show; none: the first unread one, or the newest.
  target: Target | null
}

/// A chat's messages. What this device kept gives way to the server's as if the chat were opened anew: at the first
/// unread message.
export function History({ target }: Props) {
  const { chat } = useMessages()
  const loaded = useHistory(chat.id)
  return <Loaded key={loaded.history?.copiedAt === undefined ? 'server' : 'copy'} target={target} loaded={loaded} />
}

/// A virtualized list that loads more on scroll.
function Loaded({ target, loaded }: Props & { loaded: ReturnType<typeof useHistory> }) {
  const t = useT()
  const { chat, me: { id: me } } = useMessages()
  const { history, isPending, isError, refetch, loadAround, ...pages } = loaded
  const allUnsent = useUnsentOf(chat.id)
  const unsent = useMemo(() => allUnsent.filter((entry) => !entry.thread_id), [allUnsent])
  const [readUpTo] = useState(chat.unread_count > 0 ? (chat.last_read_message_id ?? 0) : null)
  const [menu, setMenu] = useState<{ message: Message; at: Point } | null>(null)
  const [openMenu] = useState(() => (message: Message, at: Point) => setMenu({ message, at }))
  const [makeRows] = useState(rowMaker)
  const { hasOlder = false, hasNewer = false } = history ?? {}
  const rows = useMemo(() => makeRows(history?.items ?? [], hasNewer ? [] : unsent, readUpTo, me), [makeRows, history?.items, hasNewer, unsent, readUpTo, me])
  const { ref, virtualizer, atEnd, settled, toEnd, show } = useScroll(rows, unsent.length, { hasOlder, hasNewer, ...pages }, target?.message ?? null)
  const lit = useJump({ target, rows, ready: !isPending, loadAround, show })
  useReading(chat, rows, virtualizer, settled)

  if (isError && history?.copiedAt === undefined) {
    return (
      <Empty icon={<TriangleAlert size={30} />} title={t('history.failed')}>
        <Button onClick={() => void refetch()}>{t('common.retry')}</Button>
      </Empty>
    )
  }
  return (
    <div className={styles.frame}>
      {history?.copiedAt !== undefined && <p role="status" className={styles.copied}>{t('offline.messages', { time: moment(new Date(history.copiedAt), t) })}</p>}
      {isPending && <p className={styles.loading} role="status"><Spinner /><span className="visually-hidden">{t('common.loading')}</span></p>}
      {history && rows.length === 0 && (
        <div className={styles.loading}>
          <Empty icon={<MessageCircle size={30} />} title={t('history.empty')}><p>{t('history.empty.hint')}</p></Empty>
        </div>
      )}
      <div ref={ref} className={styles.scroll} tabIndex={0} role="region" aria-label={t('history.title')} onKeyDown={(event) => moveFocus(event, rows, openMenu)}>
        <div className={styles.bottom}>
          {pages.loadingOlder && <p className={styles.older}><Spinner /></p>}
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
                  data-lit={row.message.id === lit || undefined}
                  className={styles.row}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <MessageRow row={row} onMenu={openMenu} />
                </li>
              )
            })}
          </ol>
        </div>
      </div>
      {(!atEnd || hasNewer) && rows.length > 0 && (
        <button
          type="button"
          className={styles.newest}
          title={t('history.newest')}
          onClick={() => void toEnd().catch(() => toast.error(t('history.failed')))}
        >
          <ArrowDown size={22} />
          <span className="visually-hidden">{t('history.newest')}</span>
          {chat.unread_count > 0 && <b>{chat.unread_count}</b>}
        </button>
      )}
      <Suspense>{menu && <MessageMenu key={menu.message.id} message={menu.message} at={menu.at} onClose={() => setMenu(null)} />}</Suspense>
    </div>
  )
}
