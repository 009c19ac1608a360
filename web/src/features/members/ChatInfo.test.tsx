import { expect, test } from 'vitest'
import { CHAT, chat, ME } from '@/api/fixtures'
import { render, serve, until } from '@/testing/render'
import { ChatInfo } from './ChatInfo'

const info = <ChatInfo chat={chat()} me={ME} onView={() => undefined} onClose={() => undefined} />

test('members see after how many days messages are deleted, if they are', async () => {
  serve({ [`GET /chats/${CHAT}/retention`]: () => ({ message_days: 30 }) })
  await render(info)
  await until(() => expect(document.body.textContent).toContain('Сообщения здесь удаляются через 30 дней'))
})

test('where messages are kept for ever nothing is said', async () => {
  const calls = serve({ [`GET /chats/${CHAT}/retention`]: () => ({ message_days: null }) })
  await render(info)
  await until(() => expect(calls.map(({ path }) => path)).toContain(`/chats/${CHAT}/retention`))
  expect(document.body.textContent).not.toContain('удаляются')
})
