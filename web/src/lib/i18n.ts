/// Texts by key, from catalogues in the i18next JSON v4 form: `{{name}}` placeholders and plural keys
/// `…_one`, `…_few`, `…_many`, `…_other` chosen by Intl.

import { useSyncExternalStore } from 'react'
import en from '@/locales/en.json'
import ru from '@/locales/ru.json'

export type Language = 'ru' | 'en'
type Plain<K> = K extends `${infer Base}_${'one' | 'few' | 'many' | 'other'}` ? Base : K
export type Key = Plain<keyof typeof ru>
export type Params = Record<string, string | number>

const catalogues: Record<Language, Record<string, string>> = { ru, en }
const STORED = 'besedka.language'
const listeners = new Set<() => void>()
let language: Language = initial()
let plurals = new Intl.PluralRules(language)
document.documentElement.lang = language

function initial(): Language {
  try {
    const chosen = localStorage.getItem(STORED)
    if (chosen === 'ru' || chosen === 'en') return chosen
  } catch {
    // Without storage the browser's languages decide.
  }
  const wanted = navigator.languages?.find((one) => /^(ru|uk|be|kk|ky|en)\b/.test(one)) ?? 'ru'
  return wanted.startsWith('en') ? 'en' : 'ru'
}

export function setLanguage(next: Language): void {
  language = next
  plurals = new Intl.PluralRules(next)
  document.documentElement.lang = next
  try {
    localStorage.setItem(STORED, next)
  } catch {
    // The choice lasts as long as the page.
  }
  for (const listener of listeners) listener()
}

export function t(key: Key, params: Params = {}): string {
  const texts = catalogues[language]
  const counted = typeof params.count === 'number' ? texts[`${key}_${plurals.select(params.count)}`] : undefined
  const text = counted ?? texts[key] ?? texts[`${key}_other`] ?? key
  return text.replace(/{{(\w+)}}/g, (_, name: string) => String(params[name] ?? ''))
}

export const getLanguage = () => language

/// The language, for components: they render again when it changes.
export function useLanguage(): Language {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, getLanguage)
}

export function useT(): typeof t {
  useLanguage()
  return t
}
