import type { QueryClient } from '@tanstack/react-query'
import { act } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CHAT, ME, message } from '@/api/fixtures'
import { keys } from '@/api/keys'
import type { Draft, Message } from '@/api/types'
import { fill, Refusal, render, settle, until } from '@/testing/render'
import { emptyCache, field, held, open, Page, submit } from './fixture'

let cache: QueryClient
const saved = (content: string): Draft => ({ chat_id: CHAT, content, written_at: '2024-03-26T12:00:00', reply_to: null, thread_id: null })
const drafts = () => cache.getQueryData<Draft[]>(keys.drafts)?.map(({ content }) => content)
const pass = (ms: number) => act(async () => { await vi.advanceTimersByTimeAsync(ms) })

beforeEach(() => {
  cache = emptyCache()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], shouldAdvanceTime: true })
})

afterEach(() => { vi.useRealTimers() })

test('a text that was sent is no draft any more, though deleting the draft failed', async () => {
  const { made } = await open(cache, {
    'GET /drafts': [saved('готово')],
    [`DELETE /chats/${CHAT}/draft`]: new Refusal(503, 'unavailable'),
    'POST /messages': ({ content, client_id }: { content: string; client_id: string }) => message(7, { author_id: ME, content, client_id }),
  })
  await until(() => expect(field().value).toBe('готово'))
  await submit()
  expect(drafts()).toEqual([])
  await until(() => expect(made('POST', /messages/)).toHaveLength(1))
  expect(made('POST', /messages/)[0]!.body).toMatchObject({ content: 'готово', clear_draft: true })
  // Said late, by a save that was under way.
  await act(async () => cache.setQueryData(keys.drafts, [saved('готово')]))
  await settle()
  expect(field().value).toBe('')
})

test('a draft is not shown while the message that it became waits to be sent', async () => {
  const sending = held<Message>()
  await open(cache, { 'GET /drafts': [saved('готово')], 'POST /messages': () => sending.promise })
  await until(() => expect(field().value).toBe('готово'))
  await submit()
  // The server still has the draft.
  cache.setQueryData(keys.drafts, [saved('готово')])
  await render(<Page />, { cache })
  expect(field().value).toBe('')
  await sending.answer(message(7, { author_id: ME }))
})

test('what is written while a message is being sent is saved after it, as sending clears the draft', async () => {
  const sending = held<Message>()
  const { made } = await open(cache, { 'POST /messages': () => sending.promise })
  await fill(field(), 'первое')
  await submit()
  await until(() => expect(made('POST', /messages/)).toHaveLength(1))
  await fill(field(), 'второе')
  await pass(1_500)
  expect(made('PUT', /draft/)).toHaveLength(0)
  await sending.answer(message(7, { author_id: ME }))
  await until(() => expect(made('PUT', /draft/).map(({ body }) => body)).toEqual([{ content: 'второе', thread_id: null }]))
  expect(field().value).toBe('второе')
})

test('drafts are saved one after another', async () => {
  const saving = held<Draft>()
  const { made } = await open(cache, { [`PUT /chats/${CHAT}/draft`]: () => saving.promise })
  await fill(field(), 'перв')
  await until(() => expect(made('PUT', /draft/)).toHaveLength(1))
  await fill(field(), '')
  await settle()
  expect(made('DELETE', /draft/)).toHaveLength(0)
  await saving.answer(saved('перв'))
  await until(() => expect(made('DELETE', /draft/)).toHaveLength(1))
  await until(() => expect(drafts()).toEqual([]))
})

test('after files without a text, a draft of another device is shown', async () => {
  const { made } = await open(cache, {}, <Page files={[new File(['x'], 'a.txt', { type: 'text/plain' })]} />)
  await submit()
  await pass(1_500)
  expect(made('DELETE', /draft/)).toHaveLength(0)
  await act(async () => cache.setQueryData(keys.drafts, [saved('с телефона')]))
  await until(() => expect(field().value).toBe('с телефона'))
})
