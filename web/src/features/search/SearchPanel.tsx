import { useQueryClient } from '@tanstack/react-query'
import { Search as SearchIcon, TriangleAlert } from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { ApiError } from '@/api/http'
import { firstSince, useChats, usePerson } from '@/api/queries'
import type { Chat, SearchPage } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { Marked, MessageLine } from '@/components/MessageLine'
import { Panel } from '@/components/Panel'
import { Search } from '@/components/Search'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { toast } from 'sonner'
import { FilterBar } from './FilterBar'
import styles from './Search.module.css'
import { NO_FILTERS, queryOf, useMessageSearch } from './server'

interface Props {
  /// Null: in all chats.
  chat: Chat | null
  words?: string
  onOpen: (chat: number, message: number) => void
  onClose: () => void
}

/// Finds messages in a chat or everywhere, and leads to them.
export function SearchPanel({ chat, words: initial = '', onOpen, onClose }: Props) {
  const t = useT()
  const cache = useQueryClient()
  const { chats } = useChats()
  const [words, setWords] = useState(initial)
  const [filters, setFilters] = useState(NO_FILTERS)
  const query = queryOf(words, filters)
  const { data, error, isFetching, hasNextPage, fetchNextPage, refetch } = useMessageSearch(query, chat?.id ?? null)
  const results = query ? (data?.pages.flatMap((page) => page.results) ?? []) : []

  const goToDate = async (day: string) => {
    if (!chat || !day) return
    try {
      const first = await firstSince(cache, chat.id, new Date(`${day}T00:00:00`))
      if (first) onOpen(chat.id, first.id)
      else toast(t('search.nothing_since'))
    } catch {
      toast.error(t('problem.offline'))
    }
  }
  // Arrows move between the field and the results.
  const keys = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step || (event.target as HTMLElement).matches('[type=date]')) return
    const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('[type=search], li > button')]
    event.preventDefault()
    stops[stops.indexOf(document.activeElement as HTMLElement) + step]?.focus()
  }

  return (
    <div className={styles.around} onKeyDown={keys}>
      <Panel
        title={chat ? t('search.in_chat') : t('search.title')}
        side={!chat}
        onClose={onClose}
        tools={(
          <>
            <div className={styles.field}>
              <Search label={t('search.field')} data-first value={words} maxLength={400} onChange={(event) => setWords(event.target.value)} />
            </div>
            <FilterBar filters={filters} onChange={setFilters} onDate={chat ? (day) => void goToDate(day) : null} />
          </>
        )}
      >
        <p className="visually-hidden" role="status">{query && !isFetching ? t('search.count', { count: results.length }) : ''}</p>
        {error && (
          <Empty icon={<TriangleAlert size={28} />} title={error instanceof ApiError && error.status < 500 ? t('search.refused') : t('problem.offline')}>
            <Button onClick={() => void refetch()}>{t('common.retry')}</Button>
          </Empty>
        )}
        {!query && <Empty icon={<SearchIcon size={28} />} title={t('search.start')}><p>{t('search.hint')}</p></Empty>}
        {query && !isFetching && !error && results.length === 0 && <Empty icon={<SearchIcon size={28} />} title={t('common.nothing')} />}
        <ul className={styles.results} aria-label={t('search.results')}>
          {results.map((result) => (
            <Result
              key={result.message.id}
              result={result}
              chat={chats?.find((one) => one.id === result.message.chat_id)}
              everywhere={!chat}
              onOpen={() => onOpen(result.message.chat_id, result.message.id)}
            />
          ))}
        </ul>
        {isFetching && <p className={styles.loading}><Spinner /></p>}
        {hasNextPage && !isFetching && <More onSeen={() => void fetchNextPage()} />}
      </Panel>
    </div>
  )
}

interface ResultProps {
  result: SearchPage['results'][number]
  chat: Chat | undefined
  everywhere: boolean
  onOpen: () => void
}

function Result({ result: { message, snippet }, chat, everywhere, onOpen }: ResultProps) {
  const t = useT()
  const author = usePerson(message.author_id)
  const name = authorName(t, message, author)
  const inChat = everywhere && chat?.is_group ? `${name} · ${chat.title}` : name
  return (
    <MessageLine avatar={{ id: message.author_id, name: name || '?', url: author?.avatar_url }} title={inChat} at={message.ts} onOpen={onOpen}>
      <Marked text={snippet.text} marks={snippet.highlights} />
    </MessageLine>
  )
}

/// Loads more once it is scrolled to.
function More({ onSeen }: { onSeen: () => void }) {
  const t = useT()
  const ref = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((one) => one.isIntersecting)) onSeen()
    })
    if (ref.current) observer.observe(ref.current)
    return () => observer.disconnect()
  }, [onSeen])
  return <Button ref={ref} className={styles.more} onClick={onSeen}>{t('common.more')}</Button>
}
