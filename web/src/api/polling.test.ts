import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cursor } from './cursor'
import { closeCodes, LiveSocket, type LiveStatus, type SocketPorts } from './socket'
import type { Frame, SyncPage } from './types'
import { FakeSocket } from '@/testing/fakeSocket'

let statuses: LiveStatus[]
let heard: Frame[]
const last = () => FakeSocket.all.at(-1)!
const said = (position: string): Frame => ({ event: 'message.created', data: {}, position })
const positions = () => heard.map(({ position }) => position)
const page = (cursor = 'c1-1', events: Frame[] = [], has_more = false) => ({ events, cursor, has_more, gaps: [] }) as unknown as SyncPage

function start(poll: SocketPorts['poll']) {
  const socket = new LiveSocket({
    url: 'ws://test/ws',
    token: async () => 'token',
    onFrames: (frames) => heard.push(...frames),
    onStatus: (status) => statuses.push(status),
    onEnded: () => undefined,
    open: () => new FakeSocket() as unknown as WebSocket,
    poll,
    random: () => 1,
  }, new Cursor('c1-1'))
  socket.start()
  return socket
}

async function live(poll: SocketPorts['poll']) {
  const socket = start(poll)
  await last().accept()
  last().say({ event: 'ready', data: { user_id: 1, cursor: 'c1-1' } })
  return socket
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  ;[statuses, heard] = [[], []]
})
afterEach(() => { vi.useRealTimers() })

test('where sockets do not get through, events are polled', async () => {
  const asked: [string, number][] = []
  let answer: (page: SyncPage) => void = () => undefined
  const socket = start((cursor, wait) => {
    asked.push([cursor, wait])
    return new Promise((resolve) => { answer = resolve })
  })
  last().end(1006)
  await vi.advanceTimersByTimeAsync(1_000)
  last().end(1006)
  answer(page('c1-2', [said('c1-2')], true))
  await vi.advanceTimersByTimeAsync(0)
  answer(page('c1-2'))
  await vi.advanceTimersByTimeAsync(0)
  answer(page('c1-3', [said('c1-3')]))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([['c1-1', 0], ['c1-2', 0], ['c1-2', 25], ['c1-3', 25]])
  expect(positions()).toEqual(['c1-2', 'c1-3'])
  expect(statuses.at(-1)).toBe('polling')
  // After some minutes a socket is tried again, and is used if it works.
  await vi.advanceTimersByTimeAsync(5 * 60_000)
  answer(page('c1-3'))
  await vi.advanceTimersByTimeAsync(0)
  expect(FakeSocket.all).toHaveLength(3)
  await last().accept()
  last().say({ event: 'ready', data: { user_id: 1, cursor: 'c1-3' } })
  expect(statuses.at(-1)).toBe('live')
  socket.stop()
})

test('a socket that worked is not counted among those that do not get through', async () => {
  const poll = vi.fn(() => new Promise<SyncPage>(() => undefined))
  const socket = await live(poll)
  // The server restarts, and is not back yet at the first attempt.
  last().end(closeCodes.restart)
  await vi.advanceTimersByTimeAsync(5_000)
  last().end(1006)
  expect(poll).not.toHaveBeenCalled()
  expect(statuses.at(-1)).toBe('waiting')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(FakeSocket.all).toHaveLength(3)
  // One frame is enough to show that sockets get through.
  await last().accept()
  last().say(said('c1-2'))
  last().end(1006)
  await vi.advanceTimersByTimeAsync(4_000)
  last().end(1006)
  expect(poll).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(8_000)
  last().end(1006)
  expect(poll).toHaveBeenCalledTimes(1)
  socket.stop()
})

test('after an outage a socket is tried soon, though events are polled first', async () => {
  let waits: number[] = []
  const poll = vi.fn((_cursor: string, wait: number) => {
    waits.push(wait)
    return new Promise<SyncPage>((resolve) => setTimeout(() => resolve(page()), wait * 1_000))
  })
  const socket = await live(poll)
  last().end(1006)
  for (const pause of [1_000, 2_000]) {
    await vi.advanceTimersByTimeAsync(pause)
    last().end(1006)
  }
  await vi.advanceTimersByTimeAsync(0)
  expect(statuses.at(-1)).toBe('polling')
  expect(FakeSocket.all).toHaveLength(3)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(FakeSocket.all).toHaveLength(4)
  // Where sockets do not get through, they are tried less and less often.
  for (const seconds of [60, 120, 240, 300, 300]) {
    const before = FakeSocket.all.length
    waits = []
    last().end(1006)
    await vi.advanceTimersByTimeAsync(seconds * 1_000 - 1_000)
    expect(FakeSocket.all).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(FakeSocket.all).toHaveLength(before + 1)
    expect(Math.max(...waits)).toBe(25)
  }
  // Once one gets through, it begins again.
  await last().accept()
  last().say({ event: 'ready', data: { user_id: 1, cursor: 'c1-1' } })
  last().end(1006)
  for (const pause of [1_000, 2_000]) {
    await vi.advanceTimersByTimeAsync(pause)
    last().end(1006)
  }
  const before = FakeSocket.all.length
  await vi.advanceTimersByTimeAsync(30_000)
  expect(FakeSocket.all).toHaveLength(before + 1)
  socket.stop()
})

/// Waits for the next socket, which did not open yet.
async function next(): Promise<void> {
  const before = FakeSocket.all.length
  for (let second = 0; FakeSocket.all.length === before; second++) {
    expect(second).toBeLessThanOrEqual(30)
    await vi.advanceTimersByTimeAsync(1_000)
  }
}

test('while requests fail too, silent sockets say nothing about sockets', async () => {
  const poll = vi.fn(async (): Promise<SyncPage> => { throw new Error('offline') })
  const socket = start(poll)
  const polls = []
  for (let sockets = 1; sockets <= 6; sockets++) {
    last().end(1006)
    await next()
    polls.push(poll.mock.calls.length)
  }
  expect(polls).toEqual([0, 1, 1, 2, 2, 3])
  socket.stop()
})

test.each([closeCodes.tooFast, closeCodes.tokenExpired, closeCodes.tooSlow, closeCodes.restart])('a socket that the server closes with %d got through', async (code) => {
  const poll = vi.fn(() => new Promise<SyncPage>(() => undefined))
  const socket = start(poll)
  for (let sockets = 1; sockets <= 4; sockets++) {
    last().end(code)
    await next()
  }
  expect(poll).not.toHaveBeenCalled()
  socket.stop()
})
