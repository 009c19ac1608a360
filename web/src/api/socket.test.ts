import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cursor } from './cursor'
import { closeCodes, LiveSocket, type LiveStatus } from './socket'
import type { Frame } from './types'
import { FakeSocket } from '@/testing/fakeSocket'

let statuses: LiveStatus[]
let heard: Frame[]
let batches: number[]
let ended: string[]
let tokens: boolean[]
const last = () => FakeSocket.all.at(-1)!
const said = (position: string): Frame => ({ event: 'message.created', data: {}, position })
const positions = () => heard.filter(({ position }) => position).map(({ position }) => position)

function start(cursor = 'c1-1') {
  const socket = new LiveSocket({
    url: 'ws://test/ws',
    token: async (refused) => { tokens.push(refused); return refused ? 'renewed' : 'token' },
    onFrames: (frames) => { heard.push(...frames); batches.push(frames.length) },
    onStatus: (status) => statuses.push(status),
    onEnded: (reason) => ended.push(reason),
    open: () => new FakeSocket() as unknown as WebSocket,
    random: () => 1,
  }, new Cursor(cursor))
  socket.start()
  return socket
}

async function live(cursor?: string) {
  const socket = start(cursor)
  await last().accept()
  last().say({ event: 'ready', data: { user_id: 1, cursor: 'c1-1' } })
  return socket
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  ;[statuses, heard, batches, tokens, ended] = [[], [], [], [], []]
})
afterEach(() => { vi.useRealTimers() })

test('the first frame signs in and names the cursor', async () => {
  await live()
  expect(last().sent[0]).toEqual({ event: 'auth', data: { token: 'token', cursor: 'c1-1' } })
  expect(statuses).toEqual(['connecting', 'live'])
})

test('after a break it resumes from what was handled last', async () => {
  await live()
  last().say(said('c1-2'))
  last().end(1006)
  await vi.advanceTimersByTimeAsync(1_000)
  await last().accept()
  expect(FakeSocket.all).toHaveLength(2)
  expect(last().sent[0]!.data!.cursor).toBe('c1-2')
})

test('a position that was handled is not handled again', async () => {
  await live()
  last().say(said('c1-2'))
  last().say(said('c1-2'))
  expect(positions()).toEqual(['c1-2'])
})

test('what happened meanwhile is told in one go, when all of it is there', async () => {
  await live('c1-9')
  last().end(1006)
  await vi.advanceTimersByTimeAsync(1_000)
  await last().accept()
  batches = []
  for (const position of ['c1-9', 'c1-a', 'c1-b', 'c2-1']) last().say(said(position))
  expect(batches).toEqual([])
  last().say({ event: 'ready', data: { user_id: 1, cursor: 'c1-b.c2-1' } })
  expect(batches).toEqual([3])
  expect(positions()).toEqual(['c1-a', 'c1-b', 'c2-1'])
  last().say(said('c1-c'))
  expect(batches).toEqual([3, 1])
})

test('what was told before a replay broke off is kept', async () => {
  start('c1-y')
  await last().accept()
  for (const position of ['c1-z', 'c1-10']) last().say(said(position))
  last().end(1006)
  await vi.advanceTimersByTimeAsync(1_000)
  await last().accept()
  expect(positions()).toEqual(['c1-z', 'c1-10'])
  expect(last().sent[0]!.data!.cursor).toBe('c1-10')
})

test('a replay that falls silent is given up', async () => {
  start('c1-1')
  await last().accept()
  last().say(said('c1-2'))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(statuses.at(-1)).toBe('waiting')
})

test('a gap sets its stream back, when the server lost what came after', async () => {
  start('c1-1a.c2-3')
  await last().accept()
  last().say({ event: 'gap', data: { chat_id: 1 }, position: 'c1-9' })
  last().say({ event: 'ready', data: { user_id: 1, cursor: 'c1-9.c2-3' } })
  last().say(said('c1-a'))
  expect(positions()).toEqual(['c1-9', 'c1-a'])
})

test('each failure makes the pause longer, up to half a minute; success makes it short again', async () => {
  start()
  for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const before = FakeSocket.all.length
    last().end(1006)
    await vi.advanceTimersByTimeAsync(pause - 1)
    expect(FakeSocket.all).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(1)
    expect(FakeSocket.all).toHaveLength(before + 1)
  }
  await last().accept()
  last().say({ event: 'ready', data: { cursor: '' } })
  last().end(1006)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(FakeSocket.all).toHaveLength(9)
})

test('an expired token is renewed, at once', async () => {
  await live()
  last().end(closeCodes.tokenExpired)
  await vi.advanceTimersByTimeAsync(0)
  await last().accept()
  expect(tokens).toEqual([false, true])
  expect(last().sent[0]!.data!.token).toBe('renewed')
})

test('a slow reader comes back at once', async () => {
  await live()
  last().end(closeCodes.tooSlow)
  await vi.advanceTimersByTimeAsync(0)
  expect(FakeSocket.all).toHaveLength(2)
})

test('a revoked session does not come back', async () => {
  const socket = await live()
  last().end(closeCodes.revoked, 'password_changed')
  socket.wake()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ended).toEqual(['password_changed'])
  expect(FakeSocket.all).toHaveLength(1)
})

test('a replaced connection waits for its reader', async () => {
  const socket = await live()
  last().end(closeCodes.replaced)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSocket.all).toHaveLength(1)
  expect(statuses.at(-1)).toBe('replaced')
  socket.wake()
  expect(FakeSocket.all).toHaveLength(2)
})

test('a server that asks for slowness gets it', async () => {
  await live()
  last().end(closeCodes.tooFast)
  await vi.advanceTimersByTimeAsync(4_999)
  expect(FakeSocket.all).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(FakeSocket.all).toHaveLength(2)
})

test('a line that does not answer a ping is dead', async () => {
  await live()
  await vi.advanceTimersByTimeAsync(25_000)
  expect(last().sent.at(-1)).toEqual({ event: 'ping' })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(statuses.at(-1)).toBe('waiting')
})

test('waking up does not wait for the pause', async () => {
  const socket = await live()
  last().end(1006)
  socket.wake()
  expect(FakeSocket.all).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(FakeSocket.all).toHaveLength(2)
})

test('stopping is for good', async () => {
  const socket = await live()
  socket.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSocket.all).toHaveLength(1)
})
