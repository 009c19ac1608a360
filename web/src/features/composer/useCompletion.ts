/// Completion while writing: `@` offers people, `:` offers emoji.

import { useEffect, useState } from 'react'
import { useMembers } from '@/api/queries'
import type { Chat, Member, Person } from '@/api/types'
import type { Emoji } from '@/lib/emoji'
import everybodyNames from '@/lib/everybody.json'
import { useLanguage, useT, type T } from '@/lib/i18n'

export interface Offer {
  id: string
  /// Put into the text in place of what was written.
  text: string
  label: string
  note: string
  emoji?: string
  person?: Person
}

interface Asked {
  kind: '@' | ':'
  words: string
  from: number
  to: number
}

const MOST = 8

/// What is being completed at the caret, if anything.
export function askedAt(text: string, caret: number): Asked | null {
  const match = /(?:^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(text.slice(0, caret))
  if (!match) return null
  const [, kind, words] = match
  if (kind === ':' && words!.length < 2) return null
  return { kind: kind as '@' | ':', words: words!, from: caret - words!.length - 1, to: caret }
}

const fold = (text: string) => text.toLocaleLowerCase().replaceAll('ё', 'е')

export function peopleFor(t: T, words: string, members: Member[], me: number, group: boolean): Offer[] {
  const wanted = fold(words)
  const begins = (person: Person) => [person.username ?? '', ...person.display_name.split(/\s+/)].some((name) => fold(name).startsWith(wanted))
  const people = members.map(({ user }) => user).filter((person) => person.id !== me && !person.deactivated && begins(person)).slice(0, MOST)
  const everybody = group && everybodyNames.some((name) => name.startsWith(wanted))
    ? [{ id: 'all', text: '@all ', label: '@all', note: t('composer.everybody') }] : []
  return [
    ...people.map((person) => ({
      id: `person-${person.id}`,
      text: `${person.username ? `@${person.username}` : person.display_name} `,
      label: person.display_name,
      note: person.username ? `@${person.username}` : '',
      person,
    })),
    ...everybody,
  ]
}

export function useCompletion(chat: Chat, me: number, text: string, caret: number) {
  const t = useT()
  const language = useLanguage()
  const members = useMembers(chat.id)
  const [emoji, setEmoji] = useState<Offer[]>([])
  const [active, setActive] = useState(0)
  const [closedAt, setClosedAt] = useState('')
  const asked = askedAt(text, caret)
  const key = asked ? `${asked.kind}${asked.from}` : ''
  const words = asked?.words ?? ''

  useEffect(() => {
    if (asked?.kind !== ':') return
    let over = false
    import('@/lib/emoji').then(async ({ findEmoji, loadEmoji }) => {
      const found = findEmoji(await loadEmoji(language), words, MOST)
      if (!over) setEmoji(found.map((one: Emoji) => ({ id: `emoji-${one.emoji}`, text: one.emoji, label: one.code ? `:${one.code}:` : one.name, note: one.name, emoji: one.emoji })))
    }).catch(() => undefined)
    return () => { over = true }
  }, [asked?.kind, words, language])

  const people = asked?.kind === '@' ? peopleFor(t, words, members ?? [], me, chat.is_group) : []
  const offers = !asked || closedAt === key ? [] : asked.kind === '@' ? people : emoji
  const index = Math.min(active, Math.max(0, offers.length - 1))
  return {
    offers,
    index,
    asked,
    move: (step: number) => setActive((index + step + offers.length) % offers.length),
    setActive,
    close: () => setClosedAt(key),
  }
}
