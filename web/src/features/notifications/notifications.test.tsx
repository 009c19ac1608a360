import type { QueryClient } from '@tanstack/react-query'
import { act } from 'react'
import { beforeEach, expect, test, vi } from 'vitest'
import { applyEvents } from '@/api/events'
import { CHAT, chat, HER, ME, message, person } from '@/api/fixtures'
import { keys } from '@/api/keys'
import { announceMessages } from '@/api/live'
import type { Chat, Message } from '@/api/types'
import { isWanted, setNotifyChoices, unreadTotal } from '@/lib/notify'
import { click, render, serve, settle } from '@/testing/render'
import { NotifyPrompt } from './NotifyPrompt'
import { useNotifications } from './useNotifications'

const NOW = Date.parse('2024-03-26T12:00:00Z')
const shown: { title: string; body?: string; press: () => void }[] = []

class FakeNotification {
  static permission = 'granted'
  static requestPermission = vi.fn(async () => (FakeNotification.permission = 'granted'))
  onclick: (() => void) | null = null
  constructor(title: string, options: NotificationOptions) {
    shown.push({ title, body: options.body, press: () => this.onclick?.() })
  }

  close() {}
}

beforeEach(() => {
  shown.length = 0
  FakeNotification.permission = 'granted'
  vi.stubGlobal('Notification', FakeNotification)
  vi.stubGlobal('isSecureContext', true)
  vi.spyOn(document, 'hasFocus').mockReturnValue(false)
  setNotifyChoices({ desktop: true, sound: false, preview: true, quietUntil: 0, askedAt: 0, hasSent: false })
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date'], shouldAdvanceTime: true })
})

function Page({ onOpen }: { onOpen: (chat: number) => void }) {
  useNotifications(null, onOpen)
  return null
}

async function hear(chats: Chat[], heard: Message | Message[], onOpen = vi.fn(), meanwhile?: (cache: QueryClient) => void) {
  serve({ [`GET /users/${HER}`]: () => person(HER, 'Вера') })
  const { cache } = await render(<Page onOpen={onOpen} />, { chats })
  cache.setQueryData(keys.person(HER), person(HER, 'Вера'))
  await act(async () => announceMessages(cache, [heard].flat()))
  if (meanwhile) await act(async () => meanwhile(cache))
  await vi.advanceTimersByTimeAsync(500)
  await settle()
  return onOpen
}

test('the rules of a chat decide whether a message is announced', () => {
  const wanted = (settings: Partial<Chat>, more: Partial<Message> = {}) => isWanted(message(1, more), chat(settings), ME, NOW)
  expect(wanted({})).toBe(true)
  expect(wanted({}, { author_id: ME })).toBe(false)
  expect(wanted({}, { type: 'system' })).toBe(false)
  expect(wanted({ notify: 'none' }, { mentions: [ME] })).toBe(false)
  expect(wanted({ notify: 'mentions' })).toBe(false)
  expect(wanted({ notify: 'mentions' }, { mentions: [ME] })).toBe(true)
  expect(wanted({ notify: 'mentions' }, { mentions_all: true })).toBe(true)
  expect(wanted({ muted_until: '2024-03-26T12:00:01' })).toBe(false)
  expect(wanted({ muted_until: '2024-03-26T11:59:59' })).toBe(true)
})

test('a muted chat does not count on the icon, of a quieter one only mentions do', () => {
  const chats = [
    chat({ id: 1, unread_count: 3 }),
    chat({ id: 2, unread_count: 5, muted_until: '2030-01-01T00:00:00' }),
    chat({ id: 3, unread_count: 7, mention_count: 2, notify: 'mentions' }),
    chat({ id: 4, unread_count: 9, notify: 'none' }),
  ]
  expect(unreadTotal(chats, NOW)).toBe(5)
})

test('a message in the background is shown, and pressing it opens its chat', async () => {
  const onOpen = await hear([chat({ title: 'Команда' })], message(5, { content: 'Готово?' }))
  expect(shown).toMatchObject([{ title: 'Команда', body: 'Вера: Готово?' }])
  shown[0]!.press()
  expect(onOpen).toHaveBeenCalledWith(CHAT)
})

test('without previews nothing of the text is shown', async () => {
  setNotifyChoices({ preview: false })
  await hear([chat({ kind: 'private', title: 'Вера' })], message(6, { content: 'тайна' }))
  expect(shown).toMatchObject([{ title: 'Вера', body: 'Новое сообщение' }])
})

test('do not disturb is quiet', async () => {
  setNotifyChoices({ quietUntil: Infinity })
  await hear([chat()], message(7))
  expect(shown).toEqual([])
})

test('a page that is looked at shows no notification', async () => {
  vi.mocked(document.hasFocus).mockReturnValue(true)
  await hear([chat()], message(8))
  expect(shown).toEqual([])
})

test('of what was missed, the newest message of each chat is shown that the chat lets through', async () => {
  const chats = [chat({ title: 'Команда' }), chat({ id: 11, title: 'Тихо', notify: 'mentions' })]
  await hear(chats, [
    message(20, { content: 'раз' }), message(21, { content: 'два' }), message(22, { author_id: ME }),
    message(23, { chat_id: 11, content: 'тебе', mentions: [ME] }), message(24, { chat_id: 11, content: 'всем' }),
  ])
  expect(shown.map(({ title, body }) => [title, body])).toEqual([['Команда', 'Вера: два'], ['Тихо', 'Вера: тебе']])
})

test('what was read elsewhere already is not shown', async () => {
  await hear([chat({ last_read_message_id: 30 })], [message(29), message(30)])
  expect(shown).toEqual([])
})

test('what is read or deleted before it is shown is not shown', async () => {
  const meanwhile = (event: string, data: unknown) => (cache: QueryClient) => applyEvents(cache, [{ event, data }])
  await hear([chat({ last_message: message(40), unread_count: 1 })], message(40), vi.fn(), meanwhile('chat.read', { chat_id: CHAT, user_id: ME, message_id: 40 }))
  await hear([chat({ last_message: message(41), unread_count: 1 })], message(41), vi.fn(), meanwhile('message.deleted', { id: 41, chat_id: CHAT }))
  expect(shown).toEqual([])
})

test('the offer comes after the first sent message, stays when it is answered, and does not come again once it was put off', async () => {
  FakeNotification.permission = 'default'
  serve({})
  const offered = () => document.querySelector('section')
  await render(<NotifyPrompt />, { chats: [chat({ last_message: null })] })
  await render(<NotifyPrompt />, { chats: [chat({ last_message: message(1) })] })
  expect(offered(), 'what others say is no reason').toBeNull()
  const { cache } = await render(<NotifyPrompt />, { chats: [chat({ last_message: message(2, { author_id: ME }) })] })
  expect(offered()).not.toBeNull()
  await act(async () => cache.setQueryData<Chat[]>(keys.chats, [chat({ last_message: message(3) })]))
  expect(offered()).not.toBeNull()
  for (const one of document.querySelectorAll('section button:last-child')) await click(one)
  expect(offered()).toBeNull()
  vi.setSystemTime(Date.now() + 365 * 86_400_000)
  await render(<NotifyPrompt />, { chats: [chat({ last_message: message(4, { author_id: ME }) })] })
  expect(offered()).toBeNull()
  expect(FakeNotification.requestPermission).not.toHaveBeenCalled()
})
