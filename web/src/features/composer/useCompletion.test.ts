import { expect, test } from 'vitest'
import { ME, member, person } from '@/api/fixtures'
import type { T } from '@/lib/i18n'
import { wrap } from './text'
import { askedAt, commandsFor, peopleFor } from './useCompletion'

const t: T = (key) => key

test('a name or an emoji is completed where it begins a word', () => {
  expect(askedAt('hi @an', 6)).toEqual({ kind: '@', words: 'an', from: 3, to: 6 })
  expect(askedAt('@', 1)).toMatchObject({ kind: '@', words: '' })
  expect(askedAt(':fi', 3)).toMatchObject({ kind: ':', words: 'fi' })
  expect([askedAt('a@b', 3), askedAt('12:30', 5), askedAt(':f', 2), askedAt('hi @an there', 12)]).toEqual([null, null, null, null])
})

test('people are found by any of their names, without oneself', () => {
  const members = [
    member(ME), member(2, { user: { ...person(2, 'Anna Berg'), username: 'berg' } }), member(3, { user: person(3, 'Boris') }),
  ]
  expect(peopleFor(t, 'be', members, ME, false).map(({ text }) => text)).toEqual(['@berg '])
  expect(peopleFor(t, 'bo', members, ME, true).map(({ text }) => text)).toEqual(['Boris '])
  expect(peopleFor(t, 'al', members, ME, true).map(({ text }) => text)).toEqual(['@all '])
  expect(peopleFor(t, 'al', members, ME, false)).toEqual([])
})

test('marks are put around a selection and taken away again', () => {
  const bold = wrap('say it', 4, 6, '**')
  expect(bold).toEqual({ text: 'say **it**', from: 6, to: 8 })
  expect(wrap(bold.text, bold.from, bold.to, '**')).toEqual({ text: 'say it', from: 4, to: 6 })
})

test('a command is completed at the beginning only', () => {
  expect(askedAt('/de', 3)).toEqual({ kind: '/', words: 'de', from: 0, to: 3 })
  expect(askedAt('/', 1)).toMatchObject({ kind: '/', words: '' })
  expect([askedAt('/deploy api', 11), askedAt('see /de', 7), askedAt('/etc/passwd', 11)]).toEqual([null, null, null])
})

test('of two commands with a name, the second is addressed to its bot', () => {
  const command = (name: string, bot_id: number) => ({ name, description: '', bot_id })
  const members = [member(2, { user: { ...person(2), username: 'first' } }), member(3, { user: { ...person(3), username: 'second' } })]
  const found = commandsFor('De', [command('deploy', 2), command('help', 2), command('deploy', 3)], members)
  expect(found.map(({ text }) => text)).toEqual(['/deploy ', '/deploy@second '])
})
