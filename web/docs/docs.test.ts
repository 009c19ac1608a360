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
