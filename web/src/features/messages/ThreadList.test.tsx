import { act } from 'react'
import { beforeEach, expect, test, vi } from 'vitest'
import { applyEvents } from '@/api/events'
import { CHAT, chat, HER, ME, member, message, person } from '@/api/fixtures'
import type { Message } from '@/api/types'
import { render, serve, settle, until } from '@/testing/render'
import { MessagesProvider } from './context'
import { ThreadList } from './ThreadList'

const root = message(5, { content: 'Начало' })
const reply = (id: number, more: Partial<Message> = {}) => message(id, { thread_id: 5, content: `ответ ${id}`, ...more })
const scrolled = vi.fn()
let height = 1_000

beforeEach(() => {
  height = 1_000
  scrolled.mockClear()
  HTMLElement.prototype.scrollIntoView = scrolled
})

async function open(first = root) {
  const calls = serve({ 'GET /messages': [reply(6)], 'GET /messages/5': first })
  const members = [member(ME), member(HER)]
  const me = { ...person(ME), is_admin: false, hides_presence: false, hides_reading: false }
  const shown = await render(
    <MessagesProvider value={{ chat: chat(), me, members, onAction: () => undefined, onJump: () => undefined, inThread: true }}><ThreadList root={root} /></MessagesProvider>,
  )
  await until(() => expect(shown.page.textContent).toContain('ответ 6'))
  const list = shown.page.querySelector<HTMLElement>('[role=region]')!
  Object.defineProperties(list, { scrollHeight: { get: () => height }, clientHeight: { get: () => 400 } })
  const hear = async (event: string, data: unknown) => {
    height += 100
    await act(async () => applyEvents(shown.cache, [{ event, data }]))
    await settle()
  }
  const scroll = (top: number) => act(async () => {
    list.scrollTop = top
    list.dispatchEvent(new Event('scroll'))
  })
  return { ...shown, calls, hear, scroll }
}

test('the first message of a thread is shown as it is now', async () => {
  const { page, hear } = await open()
  const first = () => page.querySelector('li')!.textContent
  expect(first()).toContain('Начало')
  await hear('message.updated', { ...root, content: 'Исправлено', reactions: [{ emoji: '👍', count: 1, user_ids: [HER] }] })
  expect(first()).toContain('Исправлено')
  expect(first()).toContain('👍')
  await hear('message.deleted', { id: 5, chat_id: CHAT })
  expect(first()).not.toContain('Исправлено')
  expect(first()).toContain('Сообщение удалено')
})

test('a gap has the first message loaded anew', async () => {
  const { page, hear } = await open({ ...root, content: 'Исправлено' })
  await hear('gap', { chat_id: CHAT })
  await until(() => expect(page.querySelector('li')!.textContent).toContain('Исправлено'))
})

test('a reply is followed by a reader at the end, and leaves one alone who scrolled up', async () => {
  const { hear, scroll, page } = await open()
  expect(scrolled).toHaveBeenCalled()
  scrolled.mockClear()
  await scroll(600)
  await hear('message.created', reply(7))
  expect(scrolled).toHaveBeenCalledTimes(1)
  await scroll(200)
  await hear('message.created', reply(8))
  expect(page.textContent).toContain('ответ 8')
  expect(scrolled).toHaveBeenCalledTimes(1)
  // One's own reply is followed.
  await hear('message.created', reply(9, { author_id: ME }))
  expect(scrolled).toHaveBeenCalledTimes(2)
})
