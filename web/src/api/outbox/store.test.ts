import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { ME } from '../fixtures'
import type { Entry } from './entry'
import { openOutbox, type Storage } from './store'

const entry = (client_id: string): Entry => ({
  client_id, user_id: ME, chat_id: 10, created_at: 1, type: 'text', content: 'unsent', payload: null, files: [], state: 'waiting', error: null,
})

test('a full storage is said, and nothing is lost while the page is open', async () => {
  const told: Storage[] = []
  const store = openOutbox('full', (storage) => told.push(storage))
  await store.put(entry('1'))
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  await store.put(entry('2'))
  put.mockRestore()
  expect(told).toEqual(['full'])
  await store.change('2', { state: 'failed' })
  expect((await store.all()).map(({ client_id, state }) => [client_id, state])).toEqual([['1', 'waiting'], ['2', 'failed']])
  await store.remove('2')
  expect(told.at(-1)).toBe('kept')
})

test('a browser without IndexedDB is said, and messages are held in memory', async () => {
  const told: Storage[] = []
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  const store = openOutbox('missing', (storage) => told.push(storage))
  await store.put(entry('1'))
  expect(told).toEqual(['missing'])
  expect(await store.all()).toEqual([entry('1')])
})

test('what an older client left with its one file is sent by this one', async () => {
  const store = openOutbox('older')
  const { files: _, ...older } = entry('1')
  const file = { blob: new Blob(['x']), name: 'x.txt', type: 'text/plain' }
  await store.put({ ...older, payload: { attachment_id: 'a' }, file } as unknown as Entry)
  await store.put({ ...older, client_id: '2', file: null } as unknown as Entry)
  expect((await store.all()).map(({ files }) => files.map(({ name, attachment_id }) => [name, attachment_id]))).toEqual([[['x.txt', 'a']], []])
})
