/// The query cache, with one place that reports failed mutations.

import { MutationCache, QueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'
import { ApiError, OfflineError } from '@/api/http'
import { t } from '@/lib/i18n'

export function makeCache(): QueryClient {
  const cache = new QueryClient({
    mutationCache: new MutationCache({
      onError: (error, _variables, _result, mutation) => {
        if (!mutation.meta?.quiet) toast.error(explain(error))
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

export function explain(error: unknown): string {
  if (error instanceof OfflineError) return t('problem.offline')
  if (!(error instanceof ApiError)) return t('problem.unknown')
  if (error.status === 403) return t('problem.forbidden')
  if (error.status === 404) return t('problem.not_found')
  if (error.status === 507) return t('problem.storage_full')
  if (error.status === 413) return t('problem.too_large')
  if (error.status === 429) return t('problem.too_often')
  if (error.status >= 500) return t('problem.server')
  return error.detail || t('problem.unknown')
}
