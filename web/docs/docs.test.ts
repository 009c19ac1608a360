import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errors } from './errors'
import { learn, withKnown, type Known } from './newcomer'

const rust = (path: string) => readFileSync(`../src/${path}`, 'utf8')

test('every error code of the server has its meaning, and no other', () => {
  const codes = [
    ...rust('core/messenger/foundation/error.rs').matchAll(/Self::\w+.*=> "(\w+)",/g),
    ...rust('api/refusal.rs').matchAll(/"(\w+)"\);$/gm),
  ].map(([, code]) => code!)
  expect(codes.length).toBeGreaterThan(20)
  expect(errors.map(([code]) => code).sort()).toEqual([...new Set(codes)].sort())
})

test('the page on errors has every code at its status', () => {
  const rows = readFileSync('../docs/api/errors.md', 'utf8').split('\n').filter((line) => /^\| \d{3} /.test(line))
  const written = rows.flatMap((row) => {
    const [, status, codes] = row.split('|').map((cell) => cell.trim())
    return [...codes!.matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`)
  })
  const known = errors.map(([code, status]) => `${status} ${code}`)
  // Known to `/docs` as a matter of every request, not of an operation.
  expect(written.filter((entry) => entry !== '400 idempotency_key_missing').sort()).toEqual(known.sort())
})

test('a new reader signs up under a fresh address and signs in with the same', () => {
  const known: Known = {}
  const up = withKnown({ url: '/api/v1/auth/register', body: '{"email":"user@example.com"}' }, known, () => 'abc')
  expect(up.body).toBe('{"email":"user-abc@example.com"}')
  expect(withKnown({ url: '/api/v1/auth/login', body: '{"email":"user@example.com"}' }, known, () => 'def').body).toBe('{"email":"user-abc@example.com"}')
  expect(withKnown({ url: '/api/v1/auth/register', body: '{"email":"me@own.org"}' }, {}, () => 'abc').body).toBe('{"email":"me@own.org"}')
})

test('what an answer gave stands for the ids of the examples', () => {
  const known: Known = {}
  expect(learn('http://x/api/v1/auth/register', { user: { id: 5 }, tokens: { access_token: 'token' } }, known)).toBe('token')
  expect(learn('http://x/api/v1/chats', { id: 7 }, known)).toBeNull()
  learn('http://x/api/v1/messages', { id: 9 }, known)
  expect(known).toEqual({ me: 5, chat: 7, message: 9 })
  const call = withKnown({ url: '/api/v1/messages/253402300991/pin', body: '{"chat_id":253402300927,"user_id":253402300863}' }, known, () => '')
  expect(call).toEqual({ url: '/api/v1/messages/9/pin', body: '{"chat_id":7,"user_id":253402300863}' })
})
