/// The drafts that are cached, as events and this device change them.

import type { Cache } from './batch'
import { keys } from './keys'
import type { Draft } from './types'

/// Which draft: that of a chat, or of one of its threads.
type DraftKey = Pick<Draft, 'chat_id' | 'thread_id'>

export const sameDraft = (a: DraftKey, b: DraftKey) =>
  a.chat_id === b.chat_id && (a.thread_id ?? null) === (b.thread_id ?? null)

export function draftSaved(cache: Cache, draft: Draft): void {
  cache.setQueryData<Draft[]>(keys.drafts, (drafts) => drafts && [...drafts.filter((one) => !sameDraft(one, draft)), draft])
}

export function draftRemoved(cache: Cache, about: DraftKey): void {
  cache.setQueryData<Draft[]>(keys.drafts, (drafts) => drafts?.filter((one) => !sameDraft(one, about)))
}
