import { expect, test } from 'vitest'
import { message, person } from '@/api/fixtures'
import type { T } from './i18n'
import { authorName, personName } from './author'

const t: T = (key) => key
const named = (sender_name: unknown) => message(1, { payload: { sender_name } })
const bot = { ...person(5, 'Hook'), is_bot: true }

test('a program may name the sender of a message', () => {
  expect(authorName(t, named(' CI '), bot)).toBe('CI')
  expect(authorName(t, message(1), bot)).toBe('Hook')
})

test('a person cannot write under another name', () => {
  expect(authorName(t, named('The director'), person(6, 'Pest'))).toBe('Pest')
})

test('a sender that is no name is passed over', () => {
  for (const wrong of ['', '  ', 7, null, { name: 'x' }, ['x']]) expect(authorName(t, named(wrong), bot)).toBe('Hook')
})

test('a deleted account is named in the reader\'s language', () => {
  expect(personName(t, { ...person(7, 'Deleted'), deleted: true })).toBe('person.nobody')
})
