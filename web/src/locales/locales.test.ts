import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Catalogue = Record<string, string>
/// Every file of this folder is a language.
const catalogues = Object.fromEntries(readdirSync('src/locales').filter((file) => file.endsWith('.json'))
  .map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join('src/locales', file), 'utf8')) as Catalogue]))
const ru = catalogues.ru!
const PLURAL = /^(.+)_(one|few|many|other)$/

const base = (key: string) => PLURAL.exec(key)?.[1] ?? key
const bases = (texts: Catalogue) => [...new Set(Object.keys(texts).map(base))].sort()
const holes = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort().join()

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.tsx?$/.test(entry.name) && !/\.test\./.test(entry.name) ? [readFileSync(path, 'utf8')] : []
  })
}
const code = sources('src').join('\n')

test('every language has the same texts', () => {
  for (const texts of Object.values(catalogues)) expect(bases(texts)).toEqual(bases(ru))
})

test('a counted text has every form that its language needs, and no other', () => {
  for (const [language, texts] of Object.entries(catalogues)) {
    const counted = new Set(Object.keys(texts).filter((key) => PLURAL.test(key)).map(base))
    for (const key of counted) {
      const forms = Object.keys(texts).filter((one) => base(one) === key).map((one) => PLURAL.exec(one)?.[2])
      expect(forms.sort(), `${language}: ${key}`).toEqual([...new Intl.PluralRules(language).resolvedOptions().pluralCategories].sort())
    }
  }
})

test('a text has the same placeholders in every language and every form', () => {
  const found = new Map<string, Set<string>>()
  for (const texts of Object.values(catalogues)) {
    for (const [key, text] of Object.entries(texts)) found.set(base(key), (found.get(base(key)) ?? new Set()).add(holes(text)))
  }
  expect([...found].filter(([, forms]) => forms.size > 1)).toEqual([])
})

test('no text is empty', () => {
  for (const texts of Object.values(catalogues)) for (const [key, text] of Object.entries(texts)) expect(text.trim(), key).not.toBe('')
})

test('every text is used', () => {
  // The language's own name is read by the build.
  const unused = bases(ru).filter((key) => key !== 'language' && !code.includes(`'${key}'`))
  expect(unused).toEqual([])
})

test('every text that the code asks for is there', () => {
  const asked = [...code.matchAll(/\bt\('([\w.]+)'/g)].map((match) => match[1]!)
  expect(asked.filter((key) => !bases(ru).includes(key))).toEqual([])
})

test('a language has twelve months and seven days', () => {
  for (const texts of Object.values(catalogues)) {
    expect(texts['format.months']!.split(',')).toHaveLength(12)
    expect(texts['format.months_short']!.split(',')).toHaveLength(12)
    expect(texts['format.weekdays']!.split(',')).toHaveLength(7)
    expect(texts['format.direction']).toMatch(/^(ltr|rtl)$/)
  }
})

test('no text stands in the code', () => {
  // ё is folded into е in a search.
  const lines = code.split('\n').filter((line) => /[а-яё]/i.test(line) && !/^\s*(\/\/|\/\*|\*)/.test(line) && !line.includes("'ё'")
    // Everybody is mentioned by words of either language.
    && !line.includes('EVERYBODY ='))
  expect(lines).toEqual([])
  // What a component shows between its tags, or as a name for a screen reader, is never written there.
  const shown = code.split('\n').filter((line) => !line.trimStart().startsWith('/')
    && (/(aria-label|title|placeholder|alt)="[^"]*\p{L}[^"]*"/u.test(line) || />[^<>{}=;()]*\p{L}{2,}[^<>{}=;()]*<\//u.test(line)))
  expect(shown).toEqual([])
})
