import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CHAT, chat, ME, message, person } from './fixtures'
import { connect } from './http'
import { connectLive, liveStatus, onMessages } from './live'
import type { Frame, Message, SyncPage } from './types'

/// Whether sockets get through to the server.
let through: boolean

class FakeSocket {
  static readonly OPEN = 1
  static all: FakeSocket[] = []
  readyState = 0
  sent: Frame[] = []
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: ((event: { code: number }) => void) | null
  constructor() {
    FakeSocket.all.push(this)
    setTimeout(() => (through ? this.open() : this.end(1006)))
  }
  private open() {
    this.readyState = 1
    this.onopen?.()
    this.say({ event: 'ready', data: { user_id: ME, cursor: '' } })
  }
  send(text: string) { this.sent.push(JSON.parse(text) as Frame) }
  say(frame: Frame) { this.onmessage?.({ data: JSON.stringify(frame) }) }
  end(code: number) { this.readyState = 3; this.onclose?.({ code }) }
  close() { this.end(1000) }
}

let cache: QueryClient
let stop: () => void
/// Answers the request that waits for events.
let answer: (page: SyncPage) => void
/// The requests that told of messages that came, and the statuses of their answers; 204 where none is given.
let told: [path: string, message: number][]
let answers: number[]

const came = (messages: Message[]) => messages.map((data): Frame => ({ event: 'message.created', data }))
const polled = async (...messages: Message[]) => {
  answer({ events: came(messages), cursor: '', has_more: false, gaps: [] } as unknown as SyncPage)
  await vi.advanceTimersByTimeAsync(0)
}
const confirmed = () => FakeSocket.all.map(({ sent }) => sent.filter(({ event }) => event === 'delivered').map(({ data }) => data))

async function start() {
  stop = await connectLive(cache)
  await vi.advanceTimersByTimeAsync(5_000)
}

/// Two sockets fail, then events are polled.
async function polling() {
  through = false
  await start()
  await polled()
  expect(liveStatus(cache)).toBe('polling')
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  ;[through, told, answers] = [true, [], []]
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', async (url: string, { method, body, signal }: RequestInit) => {
    const { pathname, searchParams } = new URL(url, 'http://test')
    const path = pathname.replace('/api/v1', '')
    if (method === 'POST') {
      told.push([path, (JSON.parse(String(body)) as { message_id: number }).message_id])
      const status = answers.shift() ?? 204
      return new Response(status === 204 ? null : JSON.stringify({ code: 'code', detail: '' }), { status })
    }
    if (path === '/users/me') return Response.json({ ...person(ME), is_admin: false })
    if (path === '/chats') return Response.json([chat()])
    if (path !== '/sync') return Response.json([])
    if (!searchParams.has('wait')) return Response.json({ events: [], cursor: '', has_more: false, gaps: [] })
    return new Promise((resolve, reject) => {
      answer = (page) => resolve(Response.json(page))
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    })
  })
  cache = new QueryClient()
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
})

afterEach(() => {
  stop()
  cache.clear()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('by a socket, the newest message of each chat is told as delivered', async () => {
  await start()
  for (const frame of came([message(1), message(2), message(3, { chat_id: 11 }), message(4, { author_id: ME })])) FakeSocket.all[0]!.say(frame)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(confirmed()).toEqual([[{ chat_id: CHAT, message_id: 2 }, { chat_id: 11, message_id: 3 }]])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(confirmed().flat()).toHaveLength(2)
  expect(told).toEqual([])
})

test('while events are polled, it is told by one request for each chat', async () => {
  await polling()
  await polled(message(1), message(2), message(3, { chat_id: 11 }), message(4, { author_id: ME }))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual([['/chats/10/delivered', 2], ['/chats/11/delivered', 3]])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told).toHaveLength(2)
})

test('some chats are told of at a time', async () => {
  await polling()
  await polled(...[1, 2, 3, 4].map((id) => message(id, { chat_id: 10 + id })))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told.map(([, id]) => id)).toEqual([1, 2, 3])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told.map(([, id]) => id)).toEqual([1, 2, 3, 4])
})

test('what could not be told is told later, what was refused is not', async () => {
  await polling()
  answers = [503, 404]
  await polled(message(1), message(2, { chat_id: 11 }))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toHaveLength(2)
  await polled(message(3))
  await vi.advanceTimersByTimeAsync(2_000)
  expect(told).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.slice(2)).toEqual([['/chats/10/delivered', 3]])
})

test('a message that comes during the request is told too', async () => {
  await polling()
  const { fetch } = globalThis
  let go: () => void = () => undefined
  const held = new Promise<void>((resolve) => { go = resolve })
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const answered = await fetch(url, init)
    if (init.method === 'POST') await held
    return answered
  })
  await polled(message(1))
  await vi.advanceTimersByTimeAsync(1_000)
  await polled(message(2))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(told).toEqual([['/chats/10/delivered', 1]])
  go()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual([['/chats/10/delivered', 1], ['/chats/10/delivered', 2]])
})

test('what came just before the connection broke is told once there is one', async () => {
  await start()
  FakeSocket.all[0]!.say(came([message(1)])[0]!)
  through = false
  FakeSocket.all[0]!.end(1006)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(confirmed().flat()).toEqual([])
  through = true
  await vi.advanceTimersByTimeAsync(5_000)
  expect(liveStatus(cache)).toBe('live')
  expect(confirmed().flat()).toEqual([{ chat_id: CHAT, message_id: 1 }])
})

test('nothing is told after the end, nor by whoever comes next', async () => {
  await polling()
  await polled(message(1))
  stop()
  await vi.advanceTimersByTimeAsync(5_000)
  through = true
  await start()
  expect(liveStatus(cache)).toBe('live')
  expect(told).toEqual([])
  expect(confirmed().flat()).toEqual([])
})

test('what is announced of a batch is what is left of it at its end', async () => {
  await polling()
  const heard: Message[][] = []
  const unsubscribe = onMessages(cache, (messages) => heard.push(messages))
  answer({
    events: [
      ...came([message(1), message(2), message(3), message(4), message(5)]),
      { event: 'message.updated', data: message(1, { content: 'edited' }) },
      { event: 'message.updated', data: message(9) },
      { event: 'message.deleted', data: { id: 2, chat_id: CHAT } },
      { event: 'messages.deleted', data: { ids: [3], chat_id: CHAT } },
      { event: 'message.hidden', data: { id: 4, chat_id: CHAT } },
    ],
    cursor: '', has_more: false, gaps: [],
  } as unknown as SyncPage)
  await vi.advanceTimersByTimeAsync(0)
  expect(heard).toEqual([[message(1, { content: 'edited' }), message(5)]])
  await polled()
  expect(heard).toHaveLength(1)
  unsubscribe()
})
