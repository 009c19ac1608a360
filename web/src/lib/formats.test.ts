import { expect, test } from 'vitest'
import { day, full } from './dates'
import { choose, languages, loadTexts } from './i18n'
import { initials, size } from './media'

const inEach = async (say: (t: Awaited<ReturnType<typeof loadTexts>>['t']) => string) =>
  Object.fromEntries(await Promise.all(languages.map(async ({ value }) => [value, say((await loadTexts(value)).t)] as const)))

test('a date is in the words and the order of its language', async () => {
  const date = new Date(2021, 2, 5, 9, 7)
  expect(await inEach((t) => day(date, t))).toEqual({ ru: '5 марта 2021 г.', en: 'March 5, 2021', ky: '2021-ж., 5-март' })
  expect(await inEach((t) => full(date, t))).toEqual({ ru: '5 марта 2021 г., 09:07', en: 'March 5, 2021 at 09:07', ky: '2021-ж., 5-март, 09:07' })
})

test('a size is counted in its language', async () => {
  expect(await inEach((t) => size(1, t))).toEqual({ ru: '1 байт', en: '1 byte', ky: '1 байт' })
  expect(await inEach((t) => size(10, t))).toEqual({ ru: '10 байт', en: '10 bytes', ky: '10 байт' })
  expect(await inEach((t) => size(1_536_000, t))).toEqual({ ru: '1,5 МБ', en: '1.5 MB', ky: '1,5 МБ' })
})

test('the browser\'s first known language is taken; who reads Russian gets it', () => {
  expect(choose(['ky-KG', 'ru'])).toBe('ky')
  expect(choose(['kk', 'en'])).toBe('ru')
  expect(choose(['de-DE'])).toBe('en')
  expect(choose([])).toBe('ru')
})

test('initials are letters', () => {
  expect(initials('Проект «Сад»')).toBe('ПС')
  expect(initials('  Anna-Maria O’Neil ')).toBe('AO')
  expect(initials('«»')).toBe('')
})
