/// What the switcher finds for words: chats, people, commands and messages, in sections.

import { useQuery } from '@tanstack/react-query'
import { useMemo, type ReactNode } from 'react'
import { useOpenDirect } from '@/api/actions'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { useChats, useMe, usePeopleSearch } from '@/api/queries'
import type { Chat, Person, SearchPage } from '@/api/types'
import { byActivity, matches, wordsBegin } from '@/lib/chats'
import { useLanguage, useT } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'

/// Something that the messenger does at a word.
export interface Command {
  id: string
  text: string
  icon: ReactNode
  /// Its keys, if it has some.
  keys?: string
  run: () => void
}

export type Found = SearchPage['results'][number]

export interface Option {
  id: string
  run: () => void
  chat?: Chat
  person?: Person
  message?: Found
  command?: Command
}

export interface Section {
  name: 'chats' | 'people' | 'commands' | 'messages'
  options: Option[]
}

const MOST = { chats: 7, people: 5, commands: 5, messages: 6 }
const DEBOUNCE_MS = 250

interface Ports {
  commands: Command[]
  onOpen: (chat: number, message?: number) => void
  onClose: () => void
}

export function useSections(words: string, { commands, onOpen, onClose }: Ports): { sections: Section[]; searching: boolean } {
  const t = useT()
  const language = useLanguage()
  const me = useMe()
  const { chats } = useChats()
  const { data: people, isFetching: findingPeople } = usePeopleSearch(words)
  const { data: messages, isFetching: findingMessages } = useFoundMessages(words)
  const { mutate: openDirect } = useOpenDirect()

  const sections = useMemo<Section[]>(() => {
    const written = words.trim() !== ''
    const go = (chat: number, message?: number) => () => { onClose(); onOpen(chat, message) }
    const named = (chat: Chat) => (chat.kind === 'saved' ? { ...chat, title: t('chats.saved') } : chat)
    const known = new Set((chats ?? []).map((chat) => chat.peer?.id))
    const all: Section[] = [
      {
        name: 'chats',
        options: byActivity(chats ?? []).map(named).filter((chat) => matches(chat, words, language)).slice(0, MOST.chats)
          .map((chat) => ({ id: `switch-chat-${chat.id}`, chat, run: go(chat.id) })),
      },
      {
        name: 'people',
        options: !written ? [] : (people ?? []).filter((one) => one.id !== me?.id && !known.has(one.id)).slice(0, MOST.people)
          .map((person) => ({
            id: `switch-person-${person.id}`, person, run: () => openDirect(person.id, { onSuccess: (chat) => go(chat.id)() }),
          })),
      },
      {
        name: 'commands',
        options: commands.filter(({ text }) => wordsBegin(words, text, language)).slice(0, written ? MOST.commands : undefined)
          .map((command) => ({ id: `switch-command-${command.id}`, command, run: () => { onClose(); command.run() } })),
      },
      {
        name: 'messages',
        options: !written ? [] : (messages ?? [])
          .map((message) => ({ id: `switch-message-${message.message.id}`, message, run: go(message.message.chat_id, message.message.id) })),
      },
    ]
    return all.filter(({ options }) => options.length > 0)
  }, [chats, people, messages, commands, words, language, me?.id, t, openDirect, onClose, onOpen])

  return { sections, searching: words.trim() !== '' && (findingPeople || findingMessages) }
}

/// The best messages for the words, which the server knows.
function useFoundMessages(words: string) {
  const q = useDebounced(words.trim(), DEBOUNCE_MS)
  return useQuery({
    queryKey: keys.foundFirst(q),
    queryFn: ({ signal, client }) => request<SearchPage>(client, 'GET', '/search', { query: { q, limit: MOST.messages }, signal }),
    enabled: q.length > 1,
    staleTime: 10_000,
    // A half-written filter is refused; the next letter may make it whole.
    retry: false,
    select: (page) => page.results,
  })
}
