import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'
import { ME, message } from '../fixtures'
import { ApiError, OfflineError } from '../http'
import type { Message } from '../types'
import { body, type Entry } from './entry'
import { Sender, type SenderPorts } from './sender'
import { openOutbox, type OutboxStore } from './store'

let store: OutboxStore
let sent: Message[]
let name = 0

const entry = (client_id: string, more: Partial<Entry> = {}): Entry => ({
  client_id, user_id: ME, chat_id: 10, created_at: Number(client_id), type: 'text', content: `text ${client_id}`, payload: null,
  files: [], state: 'waiting', error: null, ...more,
})
const answer = (one: Entry) => message(Number(one.client_id) + 100, { client_id: one.client_id, content: one.content })

function sender(ports: Partial<SenderPorts>) {
  return new Sender({
    store, user: ME,
    post: async (one) => answer(one),
    upload: async () => 'attachment',
    onSent: (message) => sent.push(message),
    onChange: () => undefined,
    pause: () => 5,
    ...ports,
  })
}

const contents = () => sent.map(({ content }) => content)
const states = async () => (await store.all()).map(({ client_id, state }) => [client_id, state])

beforeEach(() => {
  store = openOutbox(`outbox-${name++}`)
  sent = []
})

test('what waits is sent in the order it was written, and erased', async () => {
  for (const id of ['2', '1', '3']) await store.put(entry(id))
  await sender({}).pump()
  await vi.waitFor(async () => expect(await states()).toEqual([]))
  expect(contents()).toEqual(['text 1', 'text 2', 'text 3'])
})

test('what was just read is sent without reading it again', async () => {
  await store.put(entry('1'))
  const kept = await store.all()
  const read = vi.spyOn(store, 'all')
  const readBefore = new Promise<number>((resolve) => {
    void sender({ post: async (one) => { resolve(read.mock.calls.length); return answer(one) } }).pump(kept)
  })
  expect(await readBefore).toBe(0)
  await vi.waitFor(() => expect(contents()).toEqual(['text 1']))
})

test('without a network it waits, keeps the order, and goes on', async () => {
  for (const id of ['1', '2']) await store.put(entry(id))
  const post = vi.fn().mockRejectedValueOnce(new OfflineError()).mockRejectedValueOnce(new ApiError(503, 'busy', ''))
    .mockImplementation(async (one: Entry) => answer(one))
  await sender({ post }).pump()
  await vi.waitFor(() => expect(contents()).toEqual(['text 1', 'text 2']))
  expect(post.mock.calls.map(([one]) => (one as Entry).client_id)).toEqual(['1', '1', '1', '2'])
})

test('a duplicate counts as sent, with the message of the first answer', async () => {
  await store.put(entry('1'))
  const original = answer(entry('1'))
  await sender({ post: async () => { throw new ApiError(409, 'duplicate_request', '', null, { status: 201, body: original }) } }).pump()
  await vi.waitFor(() => expect(sent).toEqual([original]))
  expect(await states()).toEqual([])
})

test('a duplicate of what was deleted since is done with', async () => {
  await store.put(entry('1'))
  await sender({ post: async () => { throw new ApiError(409, 'duplicate_request', '', null, { status: 201, body: null }) } }).pump()
  await vi.waitFor(async () => expect(await states()).toEqual([]))
  expect(sent).toEqual([])
})

test('a slash command is done with when a bot has it', async () => {
  await store.put(entry('1', { content: '/deploy api' }))
  await sender({ post: async () => null }).pump()
  await vi.waitFor(async () => expect(await states()).toEqual([]))
  expect(sent).toEqual([])
})

test('a request that is still running is asked about again', async () => {
  await store.put(entry('1'))
  const post = vi.fn().mockRejectedValueOnce(new ApiError(409, 'duplicate_request', ''))
    .mockImplementation(async (one: Entry) => answer(one))
  await sender({ post }).pump()
  await vi.waitFor(() => expect(contents()).toEqual(['text 1']))
})

test('a refused message is marked, and those after it go', async () => {
  for (const id of ['1', '2']) await store.put(entry(id))
  const post = async (one: Entry) => {
    if (one.client_id === '1') throw new ApiError(400, 'validation', '')
    return answer(one)
  }
  await sender({ post }).pump()
  await vi.waitFor(() => expect(contents()).toEqual(['text 2']))
  expect(await states()).toEqual([['1', 'failed']])
})

test('too fast: the wait that the server names is kept', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await store.put(entry('1'))
  const post = vi.fn().mockRejectedValueOnce(new ApiError(429, 'rate_limited', '', 2)).mockImplementation(async (one: Entry) => answer(one))
  const one = sender({ post })
  await one.pump()
  await vi.waitUntil(() => post.mock.calls.length === 1 && vi.getTimerCount() > 0)
  await vi.advanceTimersByTimeAsync(1_900)
  expect(post).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(200)
  vi.useRealTimers()
  await vi.waitFor(() => expect(contents()).toEqual(['text 1']))
})

test('waking cuts the wait short', async () => {
  await store.put(entry('1'))
  const post = vi.fn().mockRejectedValueOnce(new OfflineError()).mockImplementation(async (one: Entry) => answer(one))
  const one = sender({ post, pause: () => 60_000 })
  await one.pump()
  await vi.waitFor(() => expect(post).toHaveBeenCalledTimes(1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  one.wake()
  await vi.waitFor(() => expect(contents()).toEqual(['text 1']))
})

test('a file is uploaded once, though its message needs several tries', async () => {
  const files = [{ blob: new Blob(['x']), name: 'x.txt', type: 'text/plain' }]
  await store.put(entry('1', { type: 'file', files }))
  const upload = vi.fn(async () => 'attachment-1')
  const post = vi.fn().mockRejectedValueOnce(new OfflineError()).mockImplementation(async (one: Entry) => answer(one))
  await sender({ upload, post }).pump()
  await vi.waitFor(() => expect(sent).toHaveLength(1))
  expect(upload).toHaveBeenCalledTimes(1)
  expect(body(post.mock.calls.at(-1)![0] as Entry).payload).toEqual({ attachment_id: 'attachment-1' })
})

test('several files are one message, in order; what is uploaded is not uploaded again after a break', async () => {
  const files = ['a', 'b', 'c'].map((name) => ({ blob: new Blob([name]), name, type: 'text/plain' }))
  await store.put(entry('1', { type: 'file', files }))
  const upload = vi.fn(async (one: Entry, at: number) => one.files[at]!.name.toUpperCase()).mockResolvedValueOnce('A').mockRejectedValueOnce(new OfflineError())
  const post = vi.fn(async (one: Entry) => answer(one))
  await sender({ upload, post }).pump()
  await vi.waitFor(() => expect(sent).toHaveLength(1))
  expect(upload.mock.calls.map(([, at]) => at)).toEqual([0, 1, 1, 2])
  expect(body(post.mock.calls[0]![0]).payload).toEqual({ attachment_ids: ['A', 'B', 'C'] })
})

test('which file was refused is remembered, with those that are uploaded', async () => {
  const files = ['a', 'b'].map((name) => ({ blob: new Blob([name]), name, type: 'text/plain' }))
  await store.put(entry('1', { type: 'file', files }))
  const upload = async (_: Entry, at: number) => {
    if (at === 1) throw new ApiError(413, 'too_large', '')
    return 'A'
  }
  await sender({ upload }).pump()
  await vi.waitFor(async () => expect(await store.all()).toMatchObject([{ state: 'failed', error: 'too_large', refused_file: 1, files: [{ attachment_id: 'A' }, { name: 'b' }] }]))
})

test('a server that fails again and again is not asked for ever, and what comes after goes', async () => {
  const files = [{ blob: new Blob(['x']), name: 'x.txt', type: 'text/plain' }]
  await store.put(entry('1', { type: 'file', files }))
  await store.put(entry('2', { type: 'file', files }))
  const upload = vi.fn(async (one: Entry) => {
    if (one.client_id === '1') throw new ApiError(500, 'internal', '')
    return 'attachment'
  })
  await sender({ upload }).pump()
  await vi.waitFor(() => expect(contents()).toEqual(['text 2']))
  expect((await store.all()).map(({ client_id, state, error }) => [client_id, state, error])).toEqual([['1', 'failed', 'internal']])
  expect(upload.mock.calls.filter(([one]) => one.client_id === '1')).toHaveLength(5)
})

test('a server that its proxy cannot reach is waited for', async () => {
  await store.put(entry('1'))
  let asked = 0
  const post = async (one: Entry) => {
    if (++asked < 12) throw new ApiError(502, 'http_502', '')
    return answer(one)
  }
  await sender({ post }).pump()
  await vi.waitFor(() => expect(contents()).toEqual(['text 1']))
})

test('a slow file does not hold up the texts', async () => {
  const files = [{ blob: new Blob(['x']), name: 'x.txt', type: 'text/plain' }]
  await store.put(entry('1', { type: 'file', files }))
  await store.put(entry('2'))
  await sender({ upload: () => new Promise(() => undefined) }).pump()
  await vi.waitFor(() => expect(contents()).toEqual(['text 2']))
})

test('a cancelled upload is not sent', async () => {
  const files = [{ blob: new Blob(['x']), name: 'x.txt', type: 'text/plain' }]
  await store.put(entry('1', { type: 'file', files }))
  const upload = (_: Entry, _at: number, signal: AbortSignal) => new Promise<string>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))))
  const one = sender({ upload })
  await one.pump()
  await new Promise((resolve) => setTimeout(resolve, 20))
  await store.remove('1')
  one.cancel('1')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent).toEqual([])
  expect(await states()).toEqual([])
})

test('nobody sends what another user left behind', async () => {
  await store.put(entry('1', { user_id: 7 }))
  await sender({}).pump()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent).toEqual([])
})
