/// The emoji with their names, loaded with the first picker or completion.

import shortcodes from 'emojibase-data/en/shortcodes/github.json'
import type { Language } from './i18n'

export interface Emoji {
  emoji: string
  name: string
  group: number
  /// What it is found by, in lower case.
  words: string[]
  code: string
}

interface Entry {
  unicode: string
  label: string
  hexcode: string
  group?: number
  tags?: string[]
}

const COMPONENTS = 2
const RECENT = 'besedka.emoji'
const MOST_RECENT = 24

let loaded: { language: Language; emoji: Promise<Emoji[]> } | null = null

export function loadEmoji(language: Language): Promise<Emoji[]> {
  if (loaded?.language !== language) {
    const emoji = read(language).catch((error: unknown) => {
      loaded = null
      throw error
    })
    loaded = { language, emoji }
  }
  return loaded!.emoji
}

/// There are no Kyrgyz names; the Russian ones are understood.
async function read(language: Language): Promise<Emoji[]> {
  const data = ['ru', 'ky'].includes(language) ? await import('emojibase-data/ru/compact.json') : await import('emojibase-data/en/compact.json')
  return (data.default as Entry[]).filter(({ group }) => group !== undefined && group !== COMPONENTS).map((entry) => {
    const codes = [(shortcodes as Record<string, string | string[]>)[entry.hexcode] ?? []].flat()
    return {
      emoji: entry.unicode,
      name: entry.label,
      group: entry.group!,
      code: codes[0] ?? '',
      words: [...codes, ...fold(entry.label).split(/[\s:,]+/), ...(entry.tags ?? []).map(fold)].filter(Boolean),
    }
  })
}

const fold = (text: string) => text.toLocaleLowerCase().replaceAll('ё', 'е')

/// The emoji whose name, tags or code begin with the words; those that are called exactly so first.
export function findEmoji(all: Emoji[], words: string, most: number): Emoji[] {
  const wanted = fold(words).split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return []
  const found = all.filter((one) => wanted.every((word) => one.words.some((name) => name.startsWith(word))))
  const first = wanted[0]!
  const rank = (one: Emoji) => (one.words.includes(first) ? 2 : 0) + (fold(one.name).startsWith(first) || one.code.startsWith(first) ? 1 : 0)
  return found.sort((a, b) => rank(b) - rank(a)).slice(0, most)
}

export function recentEmoji(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(RECENT) ?? '[]')
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : []
  } catch {
    return []
  }
}

export function noteEmoji(emoji: string): void {
  try {
    localStorage.setItem(RECENT, JSON.stringify([emoji, ...recentEmoji().filter((one) => one !== emoji)].slice(0, MOST_RECENT)))
  } catch {
    // They are a convenience.
  }
}
