import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState, type UIEvent } from 'react'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { useUnsentOf } from '@/api/outbox'
import type { Message } from '@/api/types'
import { Spinner } from '@/components/Button'
import type { Point } from '@/components/Menu'
import { useT } from '@/lib/i18n'
import { useMessages } from './context'
import { moveFocus } from './focus'
import { MessageMenu } from './MessageMenu'
import { MessageRow } from './MessageRow'
import { rowMaker } from './rows'
import styles from './ThreadList.module.css'

const MOST = 200
const END_PX = 80

/// The first message of a thread and its replies.
export function ThreadList({ root }: { root: Message }) {
  const t = useT()
  const { chat, me } = useMessages()
  const unsent = useUnsentOf(chat.id).filter((entry) => entry.thread_id === root.id)
  const [makeRows] = useState(rowMaker)
  const [menu, setMenu] = useState<{ message: Message; at: Point } | null>(null)
  const end = useRef<HTMLLIElement>(null)
  const [openMenu] = useState(() => (message: Message, at: Point) => setMenu({ message, at }))
  const { data, isPending, isError } = useQuery({
    queryKey: keys.thread(root.id),
    queryFn: async ({ signal, client }) =>
      (await request<Message[]>(client, 'GET', '/messages', { query: { chat_id: chat.id, thread_id: root.id, limit: MOST }, signal })).reverse(),
    staleTime: 0,
  })
  // As it is now: events change it there.
  const { data: first } = useQuery({
    queryKey: keys.threadRoot(root.id),
    queryFn: ({ signal, client }) => request<Message>(client, 'GET', `/messages/${root.id}`, { signal }),
    initialData: root,
    staleTime: Infinity,
  })
  const replies = data?.filter((message) => message.id !== root.id) ?? []
  const rows = makeRows([first, ...replies], unsent, null, me.id)
  const atEnd = useRef(true)
  const last = rows.at(-1)
  const follow = useEffectEvent(() => {
    if (atEnd.current || last?.message.author_id === me.id) end.current?.scrollIntoView({ block: 'end' })
  })
  useEffect(() => follow(), [last?.key])
  const noteEnd = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: UIEvent) => {
    atEnd.current = scrollHeight - scrollTop - clientHeight < END_PX
  }
  return (
    <div className={styles.scroll} role="region" tabIndex={0} aria-label={t('thread.title')} onScroll={noteEnd} onKeyDown={(event) => moveFocus(event, rows, openMenu)}>
      <ol>
        {rows.map((row, index) => (
          <li key={row.key} data-index={index}>
            <MessageRow row={row} onMenu={openMenu} />
            {index === 0 && <p className={styles.count}>{isError ? t('history.failed') : isPending ? <Spinner /> : t('message.replies', { count: replies.length })}</p>}
          </li>
        ))}
        <li ref={end} aria-hidden="true" />
      </ol>
      {menu && <MessageMenu key={menu.message.id} message={menu.message} at={menu.at} onClose={() => setMenu(null)} />}
    </div>
  )
}
