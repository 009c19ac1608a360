import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { chat, ME, member, message, person } from '../fixtures'
import type { User } from '../types'
import { MOST_CHATS, MOST_HISTORIES, MOST_MESSAGES, openOffline, type HistoryCopy, type Room } from './store'

const owner = (id = ME) => ({ me: { ...person(id), is_admin: false, hides_presence: false, hides_reading: false } as User, at: 1, current: [] })
const history = (id: number, more: Partial<HistoryCopy> = {}): HistoryCopy => ({ chat: id, at: id, items: [message(1)], hasOlder: false, members: null, ...more })

test('what is kept is bounded: the newest chats, histories, messages', async () => {
  const store = openOffline('bounded')
  const stamp = (n: number) => `2024-03-26T12:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`
  await store.setChats(Array.from({ length: MOST_CHATS + 30 }, (_, n) => chat({ id: n, last_message: message(n, { ts: stamp(n) }) })))
  const chats = await store.chats()
  expect(chats).toHaveLength(MOST_CHATS)
  expect(Math.min(...chats.map(({ id }) => id))).toBe(30)

  for (let id = 1; id <= MOST_HISTORIES + 2; id++) await store.setHistory(history(id))
  expect(await store.history(2)).toBeNull()
  expect(await store.history(3)).not.toBeNull()

  await store.setHistory(history(500, { items: Array.from({ length: 80 }, (_, n) => message(n + 1)), members: Array.from({ length: 500 }, (_, n) => member(n)) }))
  const long = await store.history(500)
  expect(long!.items.map(({ id }) => id)).toEqual(Array.from({ length: MOST_MESSAGES }, (_, n) => n + 31))
  expect(long).toMatchObject({ hasOlder: true, members: null })
})

test('another account finds nothing of the one before', async () => {
  const store = openOffline('accounts')
  await store.setOwner(owner(1))
  await store.setChats([chat()])
  await store.setHistory(history(10))
  await store.setOwner(owner(2))
  expect(await store.chats()).toEqual([])
  expect(await store.history(10)).toBeNull()
  expect((await store.owner())?.me.id).toBe(2)
})

test('a full storage gives up older histories first, and is said once if that is not enough', async () => {
  const told: Room[] = []
  const store = openOffline('full', (room) => told.push(room))
  for (let id = 1; id <= 4; id++) await store.setHistory(history(id))
  const real = IDBObjectStore.prototype.put
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  }).mockImplementation(function (this: IDBObjectStore, ...args: Parameters<IDBObjectStore['put']>) { return real.apply(this, args) })
  await store.setHistory(history(5))
  expect(told).toEqual([])
  expect(await store.history(1)).toBeNull()
  expect(await store.history(5)).not.toBeNull()

  put.mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  await store.setHistory(history(6))
  await store.setChats([chat()])
  expect(told).toEqual(['full'])
  expect(await store.history(5)).not.toBeNull()
})

test('a browser without IndexedDB is said once, and nothing breaks', async () => {
  const told: Room[] = []
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  const store = openOffline('denied', (room) => told.push(room))
  await store.setOwner(owner())
  await store.setChats([chat()])
  await store.clear()
  expect(await store.chats()).toEqual([])
  expect(await store.owner()).toBeNull()
  expect(told).toEqual(['missing'])
})

test('a database that never opens counts as missing', async () => {
  vi.useFakeTimers()
  const told: Room[] = []
  vi.spyOn(indexedDB, 'open').mockImplementation(() => new IDBOpenDBRequest())
  const store = openOffline('blocked', (room) => told.push(room))
  const asked = store.owner()
  await vi.advanceTimersByTimeAsync(3_000)
  vi.useRealTimers()
  expect(await asked).toBeNull()
  expect(told).toEqual(['missing'])
})

test('a database that opens late is used from then on', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const real = indexedDB.open.bind(indexedDB)
  let answer: (() => void) | undefined
  const open = vi.spyOn(indexedDB, 'open').mockImplementation((name, version) => {
    const asked = real(name, version)
    const add = asked.addEventListener.bind(asked)
    // The answer waits until the test lets it come.
    asked.addEventListener = ((type: string, listener: EventListener) => add(type, type === 'success' ? (event) => { answer = () => listener.call(asked, event) } : listener)) as typeof asked.addEventListener
    return asked
  })
  const told: Room[] = []
  const store = openOffline('late', (room) => told.push(room))
  const first = store.chats()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await first).toEqual([])
  expect(told).toEqual(['missing'])
  vi.useRealTimers()
  await vi.waitUntil(() => answer)
  answer!()
  await vi.waitUntil(() => told.length === 2)
  expect(told).toEqual(['missing', 'kept'])
  await store.setChats([chat()])
  expect(await store.chats()).toHaveLength(1)
  open.mockRestore()
})
