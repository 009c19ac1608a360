/// What this server was found not to have: it says so only when it is asked for it.

import { useQuery, type QueryClient } from '@tanstack/react-query'
import { ApiError } from './http'
import { keys } from './keys'

export type Ability = 'assistant' | 'meetings'

/// Whether the server may have it: true until it has said that it does not.
export function useHas(ability: Ability): boolean {
  const { data } = useQuery({ queryKey: keys.lacking, queryFn: (): Ability[] => [], staleTime: Infinity })
  return !data?.includes(ability)
}

/// Remembers that a request failed because the server does not have this.
export function noteLacking(cache: QueryClient, ability: Ability, error: unknown): void {
  const lacks = error instanceof ApiError && (error.code === 'not_configured' || error.detail.startsWith('google_token: is missing'))
  if (lacks) cache.setQueryData<Ability[]>(keys.lacking, (known = []) => [...new Set([...known, ability])])
}
