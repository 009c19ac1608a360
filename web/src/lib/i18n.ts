/// Texts by key, from catalogues in the i18next JSON v4 form: `{{name}}` placeholders and plural keys
/// `…_one`, `…_few`, `…_many`, `…_other` chosen by Intl. A language is one file of `src/locales`.

import { createContext, useContext } from 'react'
import type ru from '@/locales/ru.json'

/// The code of a file in `src/locales`.
export type Language = string
type Plain<K> = K extends `${infer Base}_${'zero' | 'one' | 'two' | 'few' | 'many' | 'other'}` ? Base : K
export type Key = Plain<keyof typeof ru>
export type Params = Record<string, string | number>
export type T = (key: Key, params?: Params) => string
export type Catalogue = Record<string, string>

/// The languages by code, each named in itself. Written by the build from the files.
declare const __LANGUAGES__: Record<Language, string>
export const languages = Object.entries(__LANGUAGES__).map(([value, text]) => ({ value, text }))
export const isLanguage = (code: string | null | undefined): code is Language => languages.some(({ value }) => value === code)
const added = new Map<Language, Catalogue>()

const files = import.meta.glob<Catalogue>('../locales/*.json', { import: 'default' })

/// The texts of one language.
export class Texts {
  private readonly plurals: Intl.PluralRules

  constructor(readonly language: Language, private readonly catalogue: Catalogue) {
    this.plurals = new Intl.PluralRules(language)
  }

  readonly t: T = (key, params = {}) => {
    const counted = typeof params.count === 'number' ? this.catalogue[`${key}_${this.plurals.select(params.count)}`] : undefined
    const text = counted ?? this.catalogue[key] ?? this.catalogue[`${key}_other`] ?? key
    return text.replace(/{{(\w+)}}/g, (_, name: string) => String(params[name] ?? ''))
  }

  get direction(): 'ltr' | 'rtl' {
    return this.catalogue['format.direction'] === 'rtl' ? 'rtl' : 'ltr'
  }
}

export async function loadTexts(language: Language): Promise<Texts> {
  // What an added language lacks is said in English.
  const file = files[`../locales/${language}.json`] ?? files['../locales/en.json']!
  return new Texts(language, { ...await file(), ...added.get(language) })
}

/// Languages from outside: new ones, and other words for those that there are.
export function addLanguages(catalogues: Record<Language, Catalogue>): void {
  for (const [code, catalogue] of Object.entries(catalogues)) {
    added.set(code, catalogue)
    if (!isLanguage(code)) languages.push({ value: code, text: catalogue.language ?? code })
  }
}

/// The first language of a list that there is a catalogue for. Neighbours that read Russian get it.
export function choose(wanted: readonly string[]): Language {
  for (const one of wanted) {
    const code = one.split('-')[0]!.toLowerCase()
    if (isLanguage(code)) return code
    if (['uk', 'be', 'kk', 'uz', 'tg'].includes(code)) return 'ru'
  }
  return wanted.length > 0 ? 'en' : 'ru'
}

/// Provided by the page, or by each embedded chat.
export const TextsContext = createContext(new Texts('ru', {}))

export const useT = (): T => useContext(TextsContext).t
export const useLanguage = (): Language => useContext(TextsContext).language
