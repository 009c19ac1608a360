import type { QueryClient } from '@tanstack/react-query'
import { act } from 'react'
import { beforeEach, expect, test } from 'vitest'
import { messageUpdated } from '@/api/events'
import { CHAT, HER, ME, message } from '@/api/fixtures'
import type { History } from '@/api/history'
import { keys } from '@/api/keys'
import { fill, press, Refusal, settle, until } from '@/testing/render'
import { emptyCache, field, held, open, Page, submit } from './fixture'

let cache: QueryClient
const notice = () => document.querySelector('[role=status]')?.textContent ?? ''

beforeEach(() => {
  cache = emptyCache()
})

test('an edit that could not be saved stays in the field, and one that was saved leaves it', async () => {
  const answers: unknown[] = [new Refusal(503, 'unavailable'), message(5, { author_id: ME, content: 'Стало' })]
  const { made } = await open(cache, { 'PATCH /messages/5': () => answers.shift() }, <Page edits={message(5, { author_id: ME, content: 'Было' })} />)
  await fill(field(), 'Стало')
  await submit()
  await until(() => expect(made('PATCH', /messages/)).toHaveLength(1))
  await settle()
  expect(field().value).toBe('Стало')
  await submit()
  await until(() => expect(field().value).toBe(''))
  expect(made('PATCH', /messages/)).toHaveLength(2)
})

test('an edit keeps what happened to the message since it was begun', async () => {
  const like = [{ emoji: '👍', count: 1, user_ids: [HER] }]
  const old = message(5, { author_id: ME, content: 'Было' })
  const saving = held<Refusal>()
  await open(cache, { 'PATCH /messages/5': () => saving.promise }, <Page edits={old} />)
  cache.setQueryData<History>(keys.history(CHAT), { items: [old], hasOlder: false, hasNewer: false })
  const shown = () => cache.getQueryData<History>(keys.history(CHAT))!.items[0]!
  messageUpdated(cache, { ...old, reactions: like })
  await fill(field(), 'Стало')
  await submit()
  await until(() => expect(shown()).toMatchObject({ content: 'Стало', reactions: like }))
  messageUpdated(cache, { ...shown(), pinned_at: '2024-03-26T12:00:00' })
  await saving.answer(new Refusal(503, 'unavailable'))
  await until(() => expect(shown()).toMatchObject({ content: 'Было', reactions: like, pinned_at: '2024-03-26T12:00:00' }))
})

const offered = () => field().getAttribute('aria-activedescendant')
async function write(text: string) {
  await fill(field(), text)
  await act(async () => {
    field().setSelectionRange(text.length, text.length)
    field().dispatchEvent(new Event('select', { bubbles: true }))
  })
}

test('another completion begins at its first offer', async () => {
  await open(cache, {})
  await write('@')
  await until(() => expect(offered()).toBe('completion-0'))
  await press(field(), 'ArrowDown')
  expect(offered()).toBe('completion-1')
  // Others who begin like that.
  await write('@p')
  expect(offered()).toBe('completion-0')
  await press(field(), 'ArrowDown')
  expect(offered()).toBe('completion-1')
  await write('@all ')
  expect(offered()).toBeNull()
  await write('@all @')
  expect(offered()).toBe('completion-0')
})

test('Escape closes one completion, not a later one in the same position', async () => {
  await open(cache, {})
  await write('@p')
  await until(() => expect(offered()).not.toBeNull())
  await press(field(), 'Escape')
  expect(offered()).toBeNull()
  await write('@pe')
  expect(offered()).toBeNull()
  await write('@')
  await write('@al')
  expect(offered()).not.toBeNull()
  await press(field(), 'Escape')
  await write('')
  await write('@al')
  expect(offered()).not.toBeNull()
})

test('a text that is too long is kept whole, and cannot be sent until it is shortened', async () => {
  const { made, page } = await open(cache, { 'POST /messages': message(7, { author_id: ME }) })
  const sends = () => page.querySelector<HTMLButtonElement>('button[aria-label=Отправить]')
  // The server counts characters, of which these have two units each.
  await fill(field(), '🙂'.repeat(16_003))
  expect(field().value).toHaveLength(32_006)
  expect(notice()).toBe('Слишком длинно: на 3 символа больше, чем помещается в сообщение')
  expect(sends()!.disabled).toBe(true)
  await submit()
  expect(field().value).toHaveLength(32_006)
  await fill(field(), '🙂'.repeat(16_000))
  expect(notice()).toBe('')
  expect(sends()!.disabled).toBe(false)
  await submit()
  await until(() => expect(made('POST', /messages/)).toHaveLength(1))
})

test('a caption that is too long is told of too', async () => {
  const { page } = await open(cache, {}, <Page files={['a', 'b'].map((name) => new File(['x'], `${name}.txt`, { type: 'text/plain' }))} />)
  await until(() => expect(page.querySelectorAll('li input')).toHaveLength(2))
  await fill(page.querySelector<HTMLInputElement>('li input')!, 'я'.repeat(16_001))
  expect(page.textContent).toContain('Слишком длинно: на 1 символ больше')
  expect(page.querySelector<HTMLButtonElement>('button[aria-label=Отправить]')!.disabled).toBe(true)
})
