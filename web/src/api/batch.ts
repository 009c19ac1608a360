/// Many changes of the query cache as one: each key is written and each list invalidated once,
/// however many events change it. A write compares the whole value and renders what shows it.

import { hashKey, notifyManager, type QueryClient, type QueryKey } from '@tanstack/react-query'

/// What event handlers need of the query cache.
export interface Cache {
  /// Of a batch: the query cache that it changes.
  owner?: QueryClient
  getQueryData: <T>(key: QueryKey) => T | undefined
  setQueryData: <T>(key: QueryKey, change: T | ((known: T | undefined) => T | undefined)) => unknown
  invalidateQueries: (filter: { queryKey: QueryKey }) => unknown
  removeQueries: (filter: { queryKey: QueryKey }) => void
}

export function inBatch(cache: QueryClient, work: (cache: Cache) => void): void {
  const written = new Map<string, { key: QueryKey; value: unknown }>()
  const removed = new Map<string, QueryKey>()
  const invalidated = new Map<string, QueryKey>()
  const read = (key: QueryKey) => {
    const hash = hashKey(key)
    if (written.has(hash)) return written.get(hash)!.value
    return removed.has(hash) ? undefined : cache.getQueryData(key)
  }
  work({
    owner: cache,
    getQueryData: <T>(key: QueryKey) => read(key) as T | undefined,
    setQueryData: <T>(key: QueryKey, change: T | ((known: T | undefined) => T | undefined)) => {
      const known = read(key) as T | undefined
      const value = change instanceof Function ? change(known) : change
      if (value !== undefined && value !== known) written.set(hashKey(key), { key, value })
    },
    invalidateQueries: ({ queryKey }) => invalidated.set(hashKey(queryKey), queryKey),
    removeQueries: ({ queryKey }) => {
      written.delete(hashKey(queryKey))
      removed.set(hashKey(queryKey), queryKey)
    },
  })
  notifyManager.batch(() => {
    for (const queryKey of removed.values()) cache.removeQueries({ queryKey })
    for (const { key, value } of written.values()) cache.setQueryData(key, value)
    for (const queryKey of invalidated.values()) void cache.invalidateQueries({ queryKey })
  })
}
