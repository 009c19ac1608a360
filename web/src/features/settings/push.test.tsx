import { expect, test } from 'vitest'
import { HER, person } from '@/api/fixtures'
import { button, click, Refusal, render, serve, until } from '@/testing/render'
import { PushDevices } from './PushDevices'
import { PushState } from './PushLog'

const AT = '2024-03-26T10:00:00'

test('an administrator sees by which key the server pushes, and how each attempt ended', async () => {
  serve({
    'GET /push/key': { public_key: 'BKey' },
    'GET /admin/push-deliveries': () => [
      { id: 2, at: AT, user_id: HER, service: 'push.example.org', result: 'failed', status: 503, attempts: 4 },
      { id: 1, at: AT, user_id: HER, service: 'push.example.org', result: 'sent', status: 201, attempts: 1 },
    ],
    [`GET /users/${HER}`]: person(HER, 'Vera'),
  })
  const { page } = await render(<PushState />, { language: 'en' })
  expect(page.querySelector('code')?.textContent).toBe('BKey')
  await click(button('Delivery log'))
  await until(() => expect(page.querySelectorAll('li')).toHaveLength(2))
  expect(page.querySelector('li')?.textContent).toMatch(/^VeraFailed · .* · push\.example\.org · HTTP 503 · 4 attempts$/)
})

test('a server without pushes, and a log without entries, say so', async () => {
  serve({ 'GET /push/key': new Refusal(501, 'not_configured'), 'GET /admin/push-deliveries': [] })
  const { page } = await render(<PushState />, { language: 'en' })
  await until(() => expect(page.textContent).toContain('The server sends no push notifications'))
  await click(button('Delivery log'))
  expect(page.textContent).toContain('No push notifications yet')
})

test('another device is turned off here, this one only by its switch', async () => {
  const device = (id: number, current: boolean) => ({ id, session_id: id, current, endpoint: `https://push${id}.example.org/x`, hide_content: !current, quiet_until: null, created_at: AT })
  const calls = serve({ 'GET /users/me/push-subscriptions': () => [device(1, true), device(2, false)] })
  const { page } = await render(<PushDevices />, { language: 'en' })
  expect(page.querySelectorAll('li button')).toHaveLength(1)
  expect(page.textContent).toContain('without text')
  await click(button('Turn off: push2.example.org'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'DELETE', path: '/users/me/push-subscriptions/2' }))
})
