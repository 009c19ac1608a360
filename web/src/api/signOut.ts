import type { QueryClient } from '@tanstack/react-query'
import { discardAll } from './outbox'
import { forgetPush } from './push'
import { sessionOf } from './session'

/// Signs out of this browser. What is unsent is deleted: the next user must not send it.
export async function signOut(cache: QueryClient): Promise<void> {
  await discardAll(cache)
  await forgetPush().catch(() => undefined)
  await sessionOf(cache)?.signOut().catch(() => undefined)
}
