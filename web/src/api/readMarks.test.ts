import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cacheOf, CHAT, chat, ME, message } from './fixtures'
import { connect } from './http'
import { keys } from './keys'
import { setAway } from './live'
import { markRead } from './readMarks'
import type { Chat, User } from './types'

let cache: QueryClient
/// What was told, and the statuses that are answered; 200 where none is given.
let told: [path: string, message: number][]
let answers: number[]

const theChat = () => cache.getQueryData<Chat[]>(keys.chats)![0]!
const ids = () => told.map(([, id]) => id)

beforeEach(() => {
  vi.useFakeTimers()
  ;[told, answers] = [[], []]
  cache = cacheOf({ chats: [chat({ unread_count: 3, last_message: message(9) })] })
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
  vi.stubGlobal('fetch', async (url: string, { body }: RequestInit) => {
    const { message_id } = JSON.parse(String(body)) as { message_id: number }
    told.push([new URL(url, 'http://test').pathname.replace('/api/v1', ''), message_id])
    const status = answers.shift() ?? 200
    if (status === 0) throw new TypeError('Failed to fetch')
    return new Response(JSON.stringify({ chat_id: CHAT, user_id: ME, message_id }), { status })
  })
})

afterEach(() => {
  cache.clear()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('what was read is shown at once, and told', async () => {
  markRead(cache, CHAT, 9)
  expect(theChat()).toMatchObject({ unread_count: 0, last_read_message_id: 9 })
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual([['/chats/10/read', 9]])
  await vi.advanceTimersByTimeAsync(120_000)
  expect(told).toHaveLength(1)
})

test('a mark that could not be told is told later, after growing pauses', async () => {
  answers = [503, 0, 429]
  markRead(cache, CHAT, 9)
  await vi.advanceTimersByTimeAsync(0)
  expect(ids()).toEqual([9])
  await vi.advanceTimersByTimeAsync(120_000)
  expect(ids()).toEqual([9, 9, 9, 9])
})

test('it is told at once when the connection is back', async () => {
  answers = [0]
  markRead(cache, CHAT, 9)
  await vi.advanceTimersByTimeAsync(0)
  setAway(cache)
  await vi.advanceTimersByTimeAsync(10)
  expect(ids()).toEqual([9])
  dispatchEvent(new Event('online'))
  await vi.advanceTimersByTimeAsync(0)
  expect(ids()).toEqual([9, 9])
})

test('a mark never goes back, and of several that wait the furthest is told', async () => {
  answers = [503]
  markRead(cache, CHAT, 5)
  await vi.advanceTimersByTimeAsync(0)
  markRead(cache, CHAT, 8)
  markRead(cache, CHAT, 7)
  expect(theChat().last_read_message_id).toBe(8)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ids()).toEqual([5, 8])
  markRead(cache, CHAT, 6)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(theChat().last_read_message_id).toBe(8)
  expect(ids()).toEqual([5, 8])
})

test('what waits is not told for whoever signs in next', async () => {
  answers = [503]
  markRead(cache, CHAT, 9)
  await vi.advanceTimersByTimeAsync(0)
  cache.setQueryData(keys.me, { ...cache.getQueryData<User>(keys.me)!, id: 7 })
  await vi.advanceTimersByTimeAsync(120_000)
  expect(ids()).toEqual([9])
})

test('a mark that is refused is not told again, and what is unread is asked of the server', async () => {
  const asked = vi.spyOn(cache, 'invalidateQueries')
  answers = [404]
  markRead(cache, CHAT, 9)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(ids()).toEqual([9])
  expect(asked).toHaveBeenCalledWith({ queryKey: keys.chats })
})
