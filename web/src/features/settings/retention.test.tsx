import { expect, test } from 'vitest'
import { CHAT, chat } from '@/api/fixtures'
import type { ChatOverview } from '@/api/types'
import { button, click, fill, named, render, serve, until } from '@/testing/render'
import { Retention } from './Retention'

test('before old messages are deleted it is said how many, and nothing happens without a yes', async () => {
  let rule = { message_days: null as number | null, exempt_chat_ids: [CHAT] }
  const calls = serve({
    'GET /admin/retention': () => rule,
    'GET /admin/retention/preview': () => ({ messages: 1_234 }),
    'PATCH /admin/retention': (change: object) => void (rule = { ...rule, ...change }),
  })
  const { page } = await render(<Retention />, { chats: [chat({ title: 'Архив' }), chat({ id: 12, title: 'Сад' })] })
  await until(() => expect(page.textContent).toContain('Сейчас сообщения хранятся всегда'))
  expect(page.querySelector('li')?.textContent).toContain('Архив')
  const field = named<HTMLInputElement>('input', 'Удалять сообщения старше, дней')
  for (const wrong of ['0', '-1', '1.5', '36501']) {
    await fill(field, wrong)
    expect(button('Сохранить').disabled).toBe(true)
  }
  await fill(field, '30')
  await click(button('Сохранить'))
  await until(() => expect(document.body.textContent).toMatch(/Сейчас будут удалены 1\s?234 сообщения/))
  expect(calls.filter(({ method }) => method === 'PATCH')).toEqual([])
  await click(button('Удалять'))
  await until(() => expect(page.textContent).toContain('старше 30 дней'))
  await click(button('Убрать из исключений: Архив'))
  await until(() => expect(document.body.textContent).toMatch(/Сейчас будут удалены/))
  await click(button('Отмена'))
  expect(rule).toEqual({ message_days: 30, exempt_chat_ids: [CHAT] })
  await fill(field, '')
  await click(button('Сохранить'))
  await until(() => expect(page.textContent).toContain('Сейчас сообщения хранятся всегда'))
  expect(calls.filter(({ path }) => path.endsWith('/preview')).map(({ query }) => String(query))).toEqual([
    `message_days=30&exempt_chat_ids=${CHAT}`,
    'message_days=30&exempt_chat_ids=',
  ])
})

test('exceptions are chosen by their titles among all groups, and private chats by their numbers', async () => {
  let exempt = [30]
  const overview = (id: number, title: string): ChatOverview =>
    ({ id, kind: 'group', title, owner: null, member_count: 2, created_at: '2024-03-26T10:00:00', active_at: '2024-03-26T10:00:00', is_exempt: exempt.includes(id) })
  const groups = () => [overview(30, 'Бухгалтерия'), overview(31, 'Дирекция')]
  const calls = serve({
    'GET /admin/retention': () => ({ message_days: null, exempt_chat_ids: exempt }),
    'GET /admin/chats': () => ({ chats: groups(), cursor: null }),
    'PATCH /admin/retention': ({ exempt_chat_ids }: { exempt_chat_ids: number[] }) => void (exempt = exempt_chat_ids),
  })
  const own = [chat({ title: 'Моя группа' }), chat({ id: 12, kind: 'private', is_group: false, title: 'Пётр' })]
  const { page } = await render(<Retention />, { chats: own })
  await until(() => expect(page.querySelector('li')?.textContent).toContain('Бухгалтерия'))
  await click(button('Всегда хранить сообщения в чате'))
  const offered = () => [...page.querySelectorAll('dialog li b')].map(({ textContent }) => textContent)
  await until(() => expect(offered()).toEqual(['Пётр', 'Дирекция']))
  await fill(named('input', 'Название или номер чата'), 'ПЁ')
  await until(() => expect(calls.at(-1)?.query.get('query')).toBe('ПЁ'))
  expect(offered()).toEqual(['Пётр', 'Дирекция'])
  await click(button('Хранить всегда: Дирекция'))
  await until(() => expect(page.querySelector('dialog')).toBeNull())
  expect(exempt).toEqual([30, 31])
  await click(button('Всегда хранить сообщения в чате'))
  await fill(named('input', 'Название или номер чата'), '77')
  await click(button('Хранить всегда: Чат 77'))
  await until(() => expect(exempt).toEqual([30, 31, 77]))
  await until(() => expect(page.textContent).toContain('Чат 77'))
})
