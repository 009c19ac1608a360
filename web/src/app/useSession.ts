/// Keeps the live connection and the outbox running while the messenger is shown.

import { useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { sharedOf } from '@/api/shared'

export function useSession() {
  const shared = sharedOf(useQueryClient())
  const { ready, error } = useSyncExternalStore(shared.use, () => shared.state, () => shared.state)
  return { ready, failed: error !== null, error, retry: () => shared.retry() }
}
