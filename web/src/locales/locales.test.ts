import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import en from './en.json'
import ru from './ru.json'

type Catalogue = Record<string, string>
const catalogues: Record<string, Catalogue> = { ru, en }
const FORMS: Record<string, string[]> = { ru: ['one', 'few', 'many', 'other'], en: ['one', 'other'] }
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
      expect(forms.sort(), `${language}: ${key}`).toEqual([...FORMS[language]!].sort())
    }
  }
})

test('a text has the same placeholders in every language and every form', () => {
  for (const key of bases(ru)) {
    const found = Object.values(catalogues).flatMap((texts) =>
      Object.entries(texts).filter(([one]) => base(one) === key).map(([, text]) => holes(text)))
    expect(new Set(found).size, key).toBe(1)
  }
})

test('no text is empty', () => {
  for (const texts of Object.values(catalogues)) for (const [key, text] of Object.entries(texts)) expect(text.trim(), key).not.toBe('')
})

test('every text is used', () => {
  const built = [/^profile\.theme\./]
  const unused = bases(ru).filter((key) => !code.includes(`'${key}'`) && !built.some((pattern) => pattern.test(key)))
  expect(unused).toEqual([])
})

test('every text that the code asks for is there', () => {
  const asked = [...code.matchAll(/\bt\('([\w.]+)'/g)].map((match) => match[1]!)
  expect(asked.filter((key) => !bases(ru).includes(key))).toEqual([])
})

test('no Russian stands in the code', () => {
  const lines = code.split('\n').filter((line) => /[а-яё]/i.test(line) && !/^\s*(\/\/|\/\*|\*)/.test(line))
  // A language is offered by its own name; everybody is mentioned by words of either language.
  expect(lines.filter((line) => !line.includes('Русский') && !line.includes('ё') && !line.includes('EVERYBODY ='))).toEqual([])
})
