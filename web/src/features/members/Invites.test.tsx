import { expect, test } from 'vitest'
import { cacheOf, CHAT, chat } from '@/api/fixtures'
import { keys } from '@/api/keys'
import type { Chat } from '@/api/types'
import { button, click, render, serve } from '@/testing/render'
import { Invites } from './Invites'

test('a group has a code to join it, which can be replaced and removed', async () => {
  const calls = serve({ [`GET /chats/${CHAT}/invites`]: [], [`POST /chats/${CHAT}/code`]: chat({ code: 'XY34ZW' }) })
  const cache = cacheOf({ chats: [chat({ code: 'AB12CD' })] })
  const { page } = await render(<Invites chat={chat({ code: 'AB12CD' })} onClose={() => undefined} />, { cache })
  expect(page.querySelector('code')?.textContent).toBe('AB12CD')
  await click(button('Заменить код'))
  expect(cache.getQueryData<Chat[]>(keys.chats)?.[0]?.code).toBe('XY34ZW')
  await click(button('Удалить код'))
  expect(calls.at(-1)).toMatchObject({ method: 'DELETE', path: `/chats/${CHAT}/code` })
  expect(cache.getQueryData<Chat[]>(keys.chats)?.[0]?.code).toBeNull()
})
