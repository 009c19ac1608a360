/// The query cache, with one place that reports failed mutations.

import { MutationCache, QueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import { ApiError } from '@/api/http'
import type { T } from '@/lib/i18n'

export function makeCache(t: T): QueryClient {
  const cache = new QueryClient({
    mutationCache: new MutationCache({
      onError: (error, _variables, _result, mutation) => {
        if (!mutation.meta?.quiet) toast.error(t(explain(error)))
      },
    }),
    defaultOptions: {
      queries: {
        // navigator.onLine is not reliable: let the request find out.
        networkMode: 'always',
        refetchOnWindowFocus: false,
        retry: (tries, error) => tries < 3 && (!(error instanceof ApiError) || error.status >= 500 || error.status === 429),
        retryDelay: (tries, error) =>
          error instanceof ApiError && error.retryAfter ? error.retryAfter * 1000 : Math.min(500 * 2 ** tries, 8_000),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  cache.getQueryCache().subscribe(({ type, query }) => {
    if (type === 'removed' && query.queryKey[0] === 'blob' && typeof query.state.data === 'string') URL.revokeObjectURL(query.state.data)
  })
  return cache
}
