/// The names under which people and programs are shown.

import type { Message, Person } from '@/api/types'
import type { T } from './i18n'

/// A person's name; a deleted account has none any more.
export const personName = (t: T, person: Person | null | undefined): string => (person?.deleted ? t('person.nobody') : person?.display_name ?? '')

/// The name that a program gave one message: an incoming webhook posts for many.
/// Only programs may: otherwise anybody could write under another's name.
export function senderName({ payload }: Pick<Message, 'payload'>, author: Person | undefined): string | null {
  const name = payload?.sender_name
  return author?.is_bot && typeof name === 'string' && name.trim() ? name.trim() : null
}

export const authorName = (t: T, message: Pick<Message, 'payload'>, author: Person | undefined): string => senderName(message, author) ?? personName(t, author)
