import { expect, test } from 'vitest'
import { ME, member, person } from '@/api/fixtures'
import type { T } from '@/lib/i18n'
import { wrap } from './text'
import { askedAt, peopleFor } from './useCompletion'

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
