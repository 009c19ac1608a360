import 'fake-indexeddb/auto'
import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { applyEvents } from '../events'
import { CHAT, chat, HER, ME, member, message, person } from '../fixtures'
import { fromPage, type History } from '../history'
import { connect } from '../http'
import { keys } from '../keys'
import { historyQuery } from '../queries'
import { sharedOf } from '../shared'
import type { Chat, Frame, Member, Message, User } from '../types'
import { keepOffline, type OfflineCopy } from './index'

/// The server: what it answers, and its socket. Away: nothing answers.
const server = { away: false, me: ME, messages: [] as Message[], chats: [] as Chat[] }
let sockets: FakeSocket[] = []
let named = 0
let name: string

class FakeSocket {
  static readonly OPEN = 1
  readyState = 0
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: ((event: { code: number }) => void) | null
  constructor() {
    sockets.push(this)
    setTimeout(() => {
      if (server.away) return this.close(1006)
      this.readyState = 1
      this.onopen?.()
    })
  }
  send(text: string) {
    if ((JSON.parse(text) as Frame).event === 'auth') this.say({ event: 'ready', data: { user_id: ME, cursor: 'c-1' } })
  }
  say(frame: Frame) { this.onmessage?.({ data: JSON.stringify(frame) }) }
  close(code = 1006) {
    this.readyState = 3
    this.onclose?.({ code })
  }
}

const user = (id: number) => ({ ...person(id), is_admin: false, hides_presence: false, hides_reading: false }) as User

function answer(path: string): unknown {
  if (path === '/sync') return { cursor: 'c-1', events: [] }
  if (path === '/users/me') return user(server.me)
  if (path === '/chats') return server.chats
  if (path === '/messages') return [...server.messages].reverse()
  return []
}

beforeEach(() => {
  Object.assign(server, { away: false, me: ME, messages: [message(1), message(2)], chats: [chat({ last_message: message(2) })] })
  sockets = []
  name = `offline-${named++}`
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', vi.fn(async (url: string) => {
    if (server.away) throw new TypeError('Failed to fetch')
    return new Response(JSON.stringify(answer(url.replace('/api/v1', '').split('?')[0]!)))
  }))
})

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.unstubAllGlobals()
})

/// A page of this browser: a new one has an empty query cache and the same IndexedDB.
function page(): { cache: QueryClient; copy: OfflineCopy; shared: ReturnType<typeof sharedOf> } {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: 'always' } } })
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
  const copy = keepOffline(cache, name)
  const shared = sharedOf(cache)
  stops.push(shared.use(() => undefined))
  return { cache, copy, shared }
}

const ready = ({ shared }: ReturnType<typeof page>) => vi.waitFor(() => expect(shared.state.ready).toBe(true))
const open = (cache: QueryClient) => cache.fetchQuery(historyQuery(cache, CHAT))
const ids = (cache: QueryClient) => cache.getQueryData<History>(keys.history(CHAT))?.items.map(({ id }) => id)

/// Opens the chat in a page that is connected, and closes the page once all is saved.
async function before(): Promise<void> {
  const first = page()
  await ready(first)
  await vi.waitFor(() => expect(first.copy.away).toBe(false))
  await first.cache.fetchQuery({ queryKey: keys.chats, queryFn: () => server.chats })
  await open(first.cache)
  first.cache.setQueryData<Member[]>(keys.members(CHAT), [member(HER)])
  await vi.waitFor(() => expect(sockets.at(-1)!.readyState).toBe(1))
  await first.copy.save()
  stops.splice(0).forEach((stop) => stop())
}

test('a start without the server shows what the last page had, and says how old it is', async () => {
  await before()
  server.away = true
  const second = page()
  await ready(second)
  expect(second.copy.restoredAt).toBeGreaterThan(Date.now() - 60_000)
  expect(second.cache.getQueryData<User>(keys.me)?.id).toBe(ME)
  expect(second.cache.getQueryData<Chat[]>(keys.chats)?.map(({ title }) => title)).toEqual(['Team'])
  const history = await open(second.cache)
  expect(history).toMatchObject({ items: [{ id: 1 }, { id: 2 }] })
  expect(history.copiedAt).toBeGreaterThan(0)
  expect(second.cache.getQueryData<Member[]>(keys.members(CHAT))).toHaveLength(1)
})

test('when the server is back, all is fetched anew before any event, and no event touches the copy', async () => {
  await before()
  server.away = true
  const second = page()
  await ready(second)
  await open(second.cache)
  server.messages.push(message(3), message(4))
  server.chats = [chat({ last_message: message(4), unread_count: 2 })]
  server.away = false
  second.shared.retry()
  await vi.waitFor(() => expect(second.copy.restoredAt).toBeNull())
  expect(second.cache.getQueryData<Chat[]>(keys.chats)![0]).toMatchObject({ unread_count: 2, last_message: { id: 4 } })
  // The chat is not shown: what is loaded of it waits for that, and a message is not put behind a gap.
  applyEvents(second.cache, [{ event: 'message.created', data: message(5) }])
  expect(ids(second.cache)).toEqual([1, 2])
  server.messages.push(message(5))
  expect((await open(second.cache)).copiedAt).toBeUndefined()
  expect(ids(second.cache)).toEqual([1, 2, 3, 4, 5])
})

test('a chat that was never opened here is refused, not shown empty', async () => {
  await before()
  server.away = true
  const second = page()
  await ready(second)
  await expect(second.cache.fetchQuery(historyQuery(second.cache, 99))).rejects.toThrow('offline')
})

test('signing out leaves nothing on the device', async () => {
  await before()
  const second = page()
  await ready(second)
  // What is being written at that moment does not come after it.
  await vi.waitFor(() => expect(sockets.at(-1)!.readyState).toBe(1))
  const saving = second.copy.save()
  await second.copy.forget()
  await saving
  stops.splice(0).forEach((stop) => stop())
  server.away = true
  const third = page()
  await vi.waitFor(() => expect(third.shared.state.error).not.toBeNull())
  expect(third.shared.state.ready).toBe(false)
  expect(third.cache.getQueryData(keys.chats)).toBeUndefined()
})

test('somebody else signed in meanwhile: nothing of the copy stays', async () => {
  await before()
  server.away = true
  const second = page()
  await ready(second)
  expect(second.cache.getQueryData<Chat[]>(keys.chats)).toHaveLength(1)
  server.me = 7
  server.chats = []
  server.away = false
  second.shared.retry()
  await vi.waitFor(() => expect(second.cache.getQueryData<User>(keys.me)?.id).toBe(7))
  await ready(second)
  await vi.waitFor(() => expect(second.cache.getQueryData(keys.chats)).toEqual([]))
  expect(second.cache.getQueryData(keys.history(CHAT))).toBeUndefined()
})

test('a message that disappears or is deleted does so in the copy too', async () => {
  server.messages = [message(1), message(2), message(3, { expires_at: '2024-03-26T12:00:00' })]
  await before()
  const second = page()
  await ready(second)
  second.copy.heard([{ event: 'message.deleted', data: { id: 1, chat_id: CHAT } }])
  await vi.waitFor(async () => expect((await second.copy.history(CHAT))!.items).toMatchObject([{ id: 1, deleted: true, content: null }, { id: 2 }]))
  second.copy.heard([{ event: 'chat.removed', data: { id: CHAT } }])
  await vi.waitFor(async () => expect(await second.copy.history(CHAT)).toBeNull())
})

test('what is shown around an old message, or is a copy itself, is not saved as the newest', async () => {
  await before()
  const second = page()
  await ready(second)
  await vi.waitFor(() => expect(sockets.at(-1)!.readyState).toBe(1))
  second.cache.setQueryData<History>(keys.history(CHAT), { items: [message(1)], hasOlder: false, hasNewer: true })
  await second.copy.save()
  expect((await second.copy.history(CHAT))!.items).toHaveLength(2)
  second.cache.setQueryData<History>(keys.history(CHAT), { ...fromPage([message(1)], 50), copiedAt: 5 })
  await second.copy.save()
  expect((await second.copy.history(CHAT))!.items).toHaveLength(2)
})

