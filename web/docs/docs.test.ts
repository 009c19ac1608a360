import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { learn, withKnown, type Known } from './newcomer'

/// The rows of a document's table of errors, as `status code`.
const codes = (path: string) => [...readFileSync(path, 'utf8').matchAll(/^ *\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => `${status} ${code}`)

test('the page on errors has the codes of the API document, each at its status', () => {
  const rows = readFileSync('../docs/api/errors.md', 'utf8').split('\n').filter((line) => /^\| \d{3} /.test(line))
  const written = rows.flatMap((row) => {
    const [, status, names] = row.split('|').map((cell) => cell.trim())
    return [...names!.matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`)
  })
  const known = codes('../openapi/v1.yaml')
  expect(known.length).toBeGreaterThan(20)
  // The answer to a part of a file that does not exist is described where files are.
  expect(written.sort()).toEqual(known.filter((entry) => entry !== '416 range_not_satisfiable').sort())
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
