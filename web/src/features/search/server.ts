import { useInfiniteQuery } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { SearchPage } from '@/api/types'
import { useDebounced } from '@/lib/useDebounced'

const PAGE = 30
const DEBOUNCE_MS = 250

export type Kind = 'image' | 'video' | 'file' | 'link' | 'voice'

export interface Filters {
  kinds: Kind[]
  mine: boolean
  /// Days, as 2026-01-31.
  after: string
  before: string
}

export const NO_FILTERS: Filters = { kinds: [], mine: false, after: '', before: '' }

/// The query that the server reads: words, then filters.
export function queryOf(words: string, { kinds, mine, after, before }: Filters): string {
  return [words.trim(), ...kinds.map((kind) => `has:${kind}`), mine && 'from:me', after && `after:${after}`, before && `before:${dayAfter(before)}`]
    .filter(Boolean).join(' ')
}

/// The last day is included; the server's `before:` ends before its day.
function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() + 1)
  return date.toISOString().slice(0, 10)
}

export function useMessageSearch(query: string, chat: number | null) {
  const q = useDebounced(query, DEBOUNCE_MS)
  return useInfiniteQuery({
    queryKey: keys.found(q, chat),
    queryFn: ({ signal, client, pageParam }) =>
      request<SearchPage>(client, 'GET', '/search', { query: { q, chat_id: chat, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor ?? null,
    enabled: q !== '',
    staleTime: 10_000,
  })
}
