import type { QueryClient } from '@tanstack/react-query'
import { discardAll } from './outbox'
import { sessionOf } from './session'

/// Signs out of this browser. What is unsent is deleted: the next user must not send it.
export async function signOut(cache: QueryClient): Promise<void> {
  await discardAll(cache)
  await sessionOf(cache)?.signOut().catch(() => undefined)
}
