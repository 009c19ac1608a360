/// The promise of the client's own modules, against a server that is simulated: whatever happens to connections, pages
/// and tabs, each page shows every message of a chat exactly once, in order, as it is now. Random, with seeds that are
/// printed: `SEED=123 npx vitest run src/api/delivery.test.ts` repeats one, `RUNS=500` tries more.

import 'fake-indexeddb/auto'
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CHAT, chat, HER, ME, message, person } from './fixtures'
import type { History } from './history'
import { connect } from './http'
import { keys } from './keys'
import { keepOffline } from './offline'
import { addOlder, chatsQuery, historyQuery } from './queries'
import { sharedOf } from './shared'
import type { Chat, Frame, Message, SyncPage } from './types'

const RUNS = Number(process.env.RUNS ?? 10)
const STEPS = 40
/// So many events of a stream the server still has; who missed more is told of a gap.
const LOG = 12

type Random = (below: number) => number

function randomOf(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

/// One chat and its stream of events, whose positions are numbers in base 36.
class Server {
  messages: Message[] = []
  log: { seq: number; frame: Frame }[] = []
  /// Starts beyond one digit and crosses `z` to `10` and `zz` to `100` within a run.
  seq: number
  reachable = true
  /// Whether sockets get through, where the server is reachable.
  passesSockets = true
  private nextId = 1
  readonly sockets = new Set<Socket>()

  constructor(readonly random: Random) {
    this.seq = [0, 30, 1_285][random(3)]!
    for (let n = random(70); n > 0; n--) this.say()
  }

  private position = (seq: number) => `c${CHAT}-${seq.toString(36)}`

  private tell(event: string, data: unknown): void {
    this.seq += 1
    const frame = { event, data: structuredClone(data), position: this.position(this.seq) }
    this.log.push({ seq: this.seq, frame })
    for (const socket of this.sockets) if (socket.ready) socket.say(frame)
  }

  say(): void {
    const said = message(this.nextId++, { author_id: this.random(3) === 0 ? ME : HER })
    this.messages.push(said)
    this.tell('message.created', said)
  }

  edit(): void {
    const one = this.messages[this.random(this.messages.length)]
    if (!one || one.deleted) return
    one.content = `edited ${this.seq}`
    this.tell('message.updated', one)
  }

  erase(): void {
    const one = this.messages[this.random(this.messages.length)]
    if (!one || one.deleted) return
    Object.assign(one, { deleted: true, content: null })
    this.tell('message.deleted', { id: one.id, chat_id: CHAT })
  }

  cursor = () => (this.seq === 0 ? '' : this.position(this.seq))

  /// What a client missed, in pieces that arrive one after another.
  replay(cursor: string | undefined): Frame[] {
    const known = cursor ? parseInt(cursor.split('-').at(-1)!, 36) : 0
    const missed = this.log.filter(({ seq }) => seq > known)
    if (missed.length <= LOG) return missed.map(({ frame }) => frame)
    return [{ event: 'gap', data: { chat_id: CHAT }, position: this.cursor() }]
  }

  /// Without a cursor, only where the stream is now.
  sync(cursor: string | undefined): SyncPage {
    const missed = cursor ? this.replay(cursor) : []
    polled += missed.length
    const gaps = missed.filter(({ event }) => event === 'gap').map(({ position }) => ({ chat_id: CHAT, position: position! }))
    return { cursor: this.cursor(), events: missed.filter(({ event }) => event !== 'gap'), has_more: false, gaps } as unknown as SyncPage
  }

  /// Whether there is nothing to answer yet to a request that waits.
  waits = (path: string, query: URLSearchParams) => path === '/sync' && Number(query.get('wait')) > 0 && this.replay(query.get('cursor') ?? undefined).length === 0

  answer(path: string, query: URLSearchParams): unknown {
    if (path === '/sync') return this.sync(query.get('cursor') ?? undefined)
    if (path === '/users/me') return { ...person(ME), is_admin: false }
    if (path === '/chats') return [chat({ last_message: this.messages.at(-1) ?? null, last_read_message_id: this.messages.at(-1)?.id ?? null })]
    if (path !== '/messages') return []
    const limit = Number(query.get('limit'))
    const before = Number(query.get('before_id') ?? Infinity)
    return this.messages.filter(({ id }) => id < before).slice(-limit).reverse()
  }
}

let server: Server
/// How many events were answered to requests, in all runs.
let polled = 0

class Socket {
  static readonly OPEN = 1
  readyState = 0
  ready = false
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: ((event: { code: number }) => void) | null
  private queue: string[] = []

  constructor() {
    server.sockets.add(this)
    setTimeout(() => {
      if (!server.reachable || !server.passesSockets) return this.end(1006)
      this.readyState = 1
      this.onopen?.()
    }, server.random(50))
  }

  send(text: string): void {
    const { event, data } = JSON.parse(text) as { event: string; data?: { cursor?: string } }
    if (event === 'ping') return this.say({ event: 'pong', data: {} })
    if (event !== 'auth') return
    for (const frame of server.replay(data?.cursor)) this.say(frame)
    this.ready = true
    this.say({ event: 'ready', data: { user_id: ME, cursor: server.cursor() } })
  }

  /// Frames arrive in order, a while after they were sent, or never if the line breaks before.
  say(frame: Frame): void {
    this.queue.push(JSON.stringify(frame))
    setTimeout(() => {
      const data = this.queue.shift()
      if (this.readyState === 1 && data !== undefined) this.onmessage?.({ data })
    }, 20)
  }

  end(code: number): void {
    if (this.readyState === 3) return
    this.readyState = 3
    server.sockets.delete(this)
    this.onclose?.({ code })
  }

  close(code = 1000): void { this.end(code) }
}

/// A tab: the client's modules with the chat open, as its page would have it.
class Tab {
  readonly cache = new QueryClient({ defaultOptions: { queries: { networkMode: 'always', retry: 1, retryDelay: 200 } } })
  private readonly stops: (() => void)[] = []
  isOpen = false

  constructor(name: string) {
    connect(this.cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
    keepOffline(this.cache, name)
    const shared = sharedOf(this.cache)
    this.stops.push(shared.use(() => this.show()))
  }

  /// The page shows the chat once it is ready.
  private show(): void {
    if (this.isOpen || !sharedOf(this.cache).state.ready) return
    this.isOpen = true
    this.stops.push(
      new QueryObserver(this.cache, chatsQuery).subscribe(() => undefined),
      new QueryObserver(this.cache, historyQuery(this.cache, CHAT)).subscribe(() => undefined),
    )
  }

  get history(): History | undefined { return this.cache.getQueryData<History>(keys.history(CHAT)) }

  older = () => addOlder(this.cache, CHAT).catch(() => undefined)

  close(): void {
    for (const stop of this.stops.splice(0)) stop()
    this.cache.clear()
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  vi.stubGlobal('WebSocket', Socket)
  vi.stubGlobal('fetch', (url: string, { signal }: RequestInit) => new Promise((resolve, reject) => {
    const { pathname, searchParams } = new URL(url, 'http://test')
    const path = pathname.replace('/api/v1', '')
    const until = Date.now() + Number(searchParams.get('wait') ?? 0) * 1_000
    signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    // The server answers with what it knows at one moment; the answer travels.
    const answer = () => {
      if (!server.reachable) return reject(new TypeError('Failed to fetch'))
      if (server.waits(path, searchParams) && Date.now() < until) return void setTimeout(answer, 50)
      const body = JSON.stringify(server.answer(path, searchParams))
      setTimeout(() => resolve(new Response(body)), server.random(120))
    }
    setTimeout(answer, server.random(60))
  }))
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function run(seed: number): Promise<void> {
  const random = randomOf(seed)
  server = new Server(random)
  const name = `delivery-${seed}`
  const tabs = [new Tab(name), new Tab(name)]
  for (let step = 0; step < STEPS; step++) {
    const tab = random(2)
    const kind = random(14)
    if (kind < 5) for (let n = random(4); n >= 0; n--) server.say()
    else if (kind === 5) server.edit()
    else if (kind === 6) server.erase()
    else if (kind === 7) for (const socket of [...server.sockets]) if (random(2) === 0) socket.end(1006)
    if (kind === 8) {
      server.reachable = !server.reachable
      if (!server.reachable) for (const socket of [...server.sockets]) socket.end(1006)
    }
    if (kind === 9) {
      tabs[tab]!.close()
      tabs[tab] = new Tab(name)
    }
    if (kind === 10) void tabs[tab]!.older()
    if (kind === 12) {
      server.passesSockets = !server.passesSockets
      if (!server.passesSockets) for (const socket of [...server.sockets]) socket.end(1006)
    }
    if (kind === 11) for (let n = 0; n < LOG + 3; n++) server.say()
    await vi.advanceTimersByTimeAsync(random(4) === 0 ? 4_000 : random(200))
    // IndexedDB has a clock of its own.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  server.reachable = true
  await vi.advanceTimersByTimeAsync(60_000)
  server.say()
  await vi.advanceTimersByTimeAsync(1_000)

  for (const { cache, history } of tabs) {
    const shown = history?.items.map(({ id, content, deleted }) => ({ id, content, deleted }))
    // Without a gap from the oldest that is loaded to the newest.
    const wanted = server.messages.filter(({ id }) => id >= (shown?.[0]?.id ?? 0)).map(({ id, content, deleted }) => ({ id, content, deleted }))
    expect(shown, `seed ${seed}`).toEqual(wanted)
    expect(history, `seed ${seed}`).toMatchObject({ hasNewer: false })
    expect(history!.copiedAt, `seed ${seed}`).toBeUndefined()
    expect(shown!.length === server.messages.length || history!.hasOlder, `seed ${seed}: what is before is not loaded`).toBe(true)
    expect(cache.getQueryData<Chat[]>(keys.chats)![0]!.last_message?.id, `seed ${seed}`).toBe(server.messages.at(-1)!.id)
  }
  for (const tab of tabs) tab.close()
}

test('every message is shown exactly once and in order, over breaks, reloads, gaps and two tabs', async () => {
  const given = process.env.SEED
  const first = given ? Number(given) : Math.floor(Math.random() * 1_000_000)
  const started = performance.now()
  for (let seed = first; seed < first + (given ? 1 : RUNS); seed++) await run(seed)
  if (!given) expect(polled).toBeGreaterThan(0)
  console.log(`delivery: seeds ${first} to ${first + RUNS - 1}, ${Math.round(performance.now() - started)} ms`)
})
