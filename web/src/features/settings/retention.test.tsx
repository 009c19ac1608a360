import { expect, test } from 'vitest'
import { CHAT, chat } from '@/api/fixtures'
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
  const add = named<HTMLSelectElement>('select', 'Всегда хранить сообщения в чате')
  expect([...add.options].map(({ text }) => text)).toEqual(['Выберите чат', 'Сад'])
  await fill(field, '')
  await click(button('Сохранить'))
  await until(() => expect(page.textContent).toContain('Сейчас сообщения хранятся всегда'))
  expect(calls.filter(({ path }) => path.endsWith('/preview')).map(({ query }) => String(query))).toEqual([
    `message_days=30&exempt_chat_ids=${CHAT}`,
    'message_days=30&exempt_chat_ids=',
  ])
})
