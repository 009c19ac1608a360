/// The language of the page: what was chosen here, else what the browser prefers. Only the page uses this store;
/// an embedded chat gets its language as a property.

import { useSyncExternalStore } from 'react'
import { addLanguages, choose, isLanguage, loadTexts, Texts, type Language } from './i18n'
import { shell } from './shell'

const STORED = 'besedka.language'
const listeners = new Set<() => void>()
let texts = new Texts('ru', {})

export const pageTexts = () => texts

export const usePageTexts = () => useSyncExternalStore((listener) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}, pageTexts)

/// Loads the texts that the page starts with.
export function startLanguage(): Promise<void> {
  const { added, language } = shell()
  addLanguages(added)
  return show(chosenLanguage() ?? choose(language ? [language] : (navigator.languages ?? [])))
}

/// The language that was chosen in this browser, if one was.
export function chosenLanguage(): Language | null {
  try {
    const chosen = localStorage.getItem(STORED)
    return isLanguage(chosen) ? chosen : null
  } catch {
    // Without storage the browser's languages decide.
    return null
  }
}

export async function setLanguage(next: Language): Promise<void> {
  try {
    localStorage.setItem(STORED, next)
  } catch {
    // The choice lasts as long as the page.
  }
  await show(next)
}

async function show(language: Language): Promise<void> {
  texts = await loadTexts(language)
  document.documentElement.lang = language
  document.documentElement.dir = texts.direction
  for (const listener of listeners) listener()
}
