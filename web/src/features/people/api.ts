/// Presence, and blocking somebody.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Blocked, Person, PersonPresence } from '@/api/types'

/// Kept up to date by the socket once it is asked for.
export const usePresence = (id: number, enabled = true) => useQuery({
  queryKey: keys.presence(id),
  queryFn: async ({ signal, client }) => {
    const [presence] = await request<PersonPresence[]>(client, 'GET', '/presence', { query: { user_ids: id }, signal })
    return presence ?? null
  },
  enabled,
  staleTime: 60_000,
}).data

export const useIsBlocked = (id: number) => useQuery({
  queryKey: keys.blocked,
  queryFn: ({ signal, client }) => request<Blocked[]>(client, 'GET', '/users/me/blocked', { signal }),
  select: (blocked) => blocked.some(({ user }) => user.id === id),
}).data ?? false

export function useSetBlocked(person: Person) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: (blocked: boolean, { client }) => request<undefined>(client, blocked ? 'PUT' : 'DELETE', `/users/me/blocked/${person.id}`),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.blocked }),
  })
}
