import { expect, test, vi } from 'vitest'
import { cacheOf, chat } from '@/api/fixtures'
import { keys } from '@/api/keys'
import { button, click, render, serve, until } from '@/testing/render'
import { Invitation } from './Invitation'

const channel = { id: 11, kind: 'group', title: 'Garden', description: null, read_only: false, member_count: 5, is_member: false }

test('an invitation shows its group, and joining opens it', async () => {
  serve({ 'GET /invites/abc': { chat: channel, expires_at: null }, 'POST /invites/abc/join': chat({ id: 11, title: 'Garden' }) })
  const open = vi.fn()
  const cache = cacheOf()
  const { page } = await render(<Invitation token="abc" onOpen={open} onClose={() => undefined} />, { language: 'en', cache })
  await until(() => expect(page.textContent).toContain('Garden'))
  await click(button('Join', page))
  await until(() => expect(open).toHaveBeenCalledWith(11))
  expect(cache.getQueryData<{ id: number }[]>(keys.chats)?.map(({ id }) => id)).toContain(11)
})

test('an invitation that is over says so', async () => {
  serve({})
  const cache = cacheOf()
  cache.setDefaultOptions({ queries: { retry: false } })
  const { page } = await render(<Invitation token="old" onOpen={() => undefined} onClose={() => undefined} />, { language: 'en', cache })
  await until(() => expect(page.textContent).toContain('This invitation is no longer valid'))
})
