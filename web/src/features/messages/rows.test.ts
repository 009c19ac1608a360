import { expect, test } from 'vitest'
import { HER, ME, member, message } from '@/api/fixtures'
import type { Entry } from '@/api/outbox'
import { deliveryOf, rowMaker, rowsOf } from './rows'

const entry = (client_id: string): Entry => ({
  client_id, user_id: ME, chat_id: 10, created_at: Date.parse('2024-03-26T12:01:00Z'), type: 'text', content: 'unsent', payload: null,
  files: [], state: 'waiting', error: null,
})

test('a new day is said once', () => {
  const rows = rowsOf([message(1, { ts: '2024-03-25T06:00:00' }), message(2, { ts: '2024-03-26T06:00:00' }), message(3, { ts: '2024-03-26T06:01:00' })], [], null, ME)
  expect(rows.map(({ day }) => day)).toEqual([true, true, false])
})

test('messages of one author within minutes belong together', () => {
  const rows = rowsOf([
    message(1, { ts: '2024-03-26T12:00:00' }), message(2, { ts: '2024-03-26T12:01:00' }),
    message(3, { ts: '2024-03-26T12:02:00', author_id: ME }), message(4, { ts: '2024-03-26T12:20:00', author_id: ME }),
  ], [], null, ME)
  expect(rows.map(({ first, last }) => [first, last])).toEqual([[true, false], [false, true], [true, true], [true, true]])
})

test('the unread line stands before the first message of others after the mark', () => {
  const rows = rowsOf([message(1), message(2, { author_id: ME }), message(3), message(4)], [], 1, ME)
  expect(rows.map(({ unread }) => unread)).toEqual([false, false, true, false])
})

test('an unsent message stands last, until its answer has arrived', () => {
  const waiting = rowsOf([message(1)], [entry('a')], null, ME)
  expect(waiting.map(({ key }) => key)).toEqual(['1', 'a'])
  const arrived = rowsOf([message(1), message(2, { client_id: 'a', author_id: ME })], [entry('a')], null, ME)
  expect(arrived.map(({ key }) => key)).toEqual(['1', 'a'])
  expect(arrived[1]!.entry).toBeNull()
})

test('an own message waits, is sent, is read', () => {
  const [sent, waiting] = rowsOf([message(5, { author_id: ME })], [entry('a')], null, ME)
  expect(deliveryOf(waiting!, undefined, ME)).toBe('waiting')
  expect(deliveryOf(sent!, [member(ME, { last_read_message_id: 9 }), member(HER, { last_read_message_id: 4 })], ME)).toBe('sent')
  expect(deliveryOf(sent!, [member(HER, { last_read_message_id: 5 })], ME)).toBe('read')
})

test('a row that did not change stays the same object', () => {
  const make = rowMaker()
  const [one, two] = [message(1), message(2, { ts: '2024-03-26T13:00:00' })]
  const before = make([one, two], [], null, ME)
  const after = make([one, two, message(3, { ts: '2024-03-26T14:00:00' })], [], null, ME)
  expect(after.slice(0, 2).map((row, index) => row === before[index])).toEqual([true, true])
})
