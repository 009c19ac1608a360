/// Completion while writing: `@` offers people, `:` offers emoji, `/` at the beginning the commands of the chat's bots.

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { useMembers } from '@/api/queries'
import type { Chat, ChatCommand, Member, Person } from '@/api/types'
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
  kind: '@' | ':' | '/'
  words: string
  from: number
  to: number
}

const MOST = 8
const COMMANDS_MS = 30_000

/// What is being completed at the caret, if anything.
export function askedAt(text: string, caret: number): Asked | null {
  const command = /^\/([\p{L}\p{N}_-]*)$/u.exec(text.slice(0, caret))
  if (command) return { kind: '/', words: command[1]!, from: 0, to: caret }
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

/// The commands that begin with the words. Of two with the same name, the second has to be addressed.
export function commandsFor(words: string, commands: ChatCommand[], members: Member[]): Offer[] {
  const wanted = fold(words)
  return commands.flatMap(({ name, description, bot_id }, at) => {
    const bot = members.find(({ user }) => user.id === bot_id)?.user
    const again = commands.findIndex((one) => one.name === name) < at
    if (!fold(name).startsWith(wanted) || (again && !bot?.username)) return []
    const written = again ? `/${name}@${bot!.username}` : `/${name}`
    return [{ id: `command-${bot_id}-${name}`, text: `${written} `, label: written, note: description, person: bot }]
  }).slice(0, MOST)
}

/// A bot may get others at any time, and says so to nobody.
const useCommands = (chat: number, enabled: boolean) => useQuery({
  queryKey: keys.commands(chat),
  queryFn: ({ signal, client }) => request<ChatCommand[]>(client, 'GET', `/chats/${chat}/commands`, { signal }),
  enabled,
  staleTime: COMMANDS_MS,
}).data ?? []

export function useCompletion(chat: Chat, me: number, text: string, caret: number) {
  const t = useT()
  const language = useLanguage()
  const members = useMembers(chat.id)
  const [emoji, setEmoji] = useState<{ words: string; offers: Offer[] }>({ words: '', offers: [] })
  const asked = askedAt(text, caret)
  const key = asked ? `${asked.kind}${asked.from}` : ''
  const words = asked?.words ?? ''
  const [query, setQuery] = useState({ key, words })
  const [active, setActive] = useState(0)
  /// What was being completed when Escape was pressed.
  const [closed, setClosed] = useState<string | null>(null)
  if (query.key !== key || query.words !== words) {
    setQuery({ key, words })
    setActive(0)
    // Writing on at the same name does not open it again; beginning another does.
    if (closed !== null && (query.key !== key || !(words.startsWith(closed) || closed.startsWith(words)))) setClosed(null)
  }

  useEffect(() => {
    if (asked?.kind !== ':') return
    let over = false
    import('@/lib/emoji').then(async ({ findEmoji, loadEmoji }) => {
      const found = findEmoji(await loadEmoji(language), words, MOST)
      if (!over) setEmoji({ words, offers: found.map((one: Emoji) => ({ id: `emoji-${one.emoji}`, text: one.emoji, label: one.code ? `:${one.code}:` : one.name, note: one.name, emoji: one.emoji })) })
    }).catch(() => undefined)
    return () => { over = true }
  }, [asked?.kind, words, language])

  const commands = useCommands(chat.id, asked?.kind === '/')
  const people = asked?.kind === '@' ? peopleFor(t, words, members ?? [], me, chat.is_group) : []
  // Until those of other words are found, those of their beginning stand.
  const found = words.startsWith(emoji.words) ? emoji.offers : []
  const offers = !asked || closed !== null ? [] : asked.kind === '/' ? commandsFor(words, commands, members ?? []) : asked.kind === '@' ? people : found
  const index = Math.min(active, Math.max(0, offers.length - 1))
  return {
    offers,
    index,
    asked,
    move: (step: number) => setActive((index + step + offers.length) % offers.length),
    setActive,
    close: () => setClosed(words),
  }
}
