import type { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { setNotifyChoices } from '@/lib/notify'
import { Refusal, serve } from '@/testing/render'
import { cacheOf } from './fixtures'
import { connect } from './http'
import { forgetPush, syncPush } from './push'

const DEVICES = '/users/me/push-subscriptions'
const KEY = 'BAECAw'
const other = { id: 8, session_id: 2, current: false, endpoint: 'https://push.example.org/other', hide_content: false, quiet_until: null, created_at: '2024-03-26T10:00:00' }

let cache: QueryClient
/// What the browser has of its push service.
let browser: { key: number[] } | null
let made = 0
const close = vi.fn()

function subscription(key: number[]) {
  return {
    endpoint: 'https://push.example.org/mine',
    options: { applicationServerKey: Uint8Array.from(key).buffer },
    toJSON: () => ({ endpoint: 'https://push.example.org/mine', expirationTime: null, keys: { p256dh: 'p', auth: 'a' } }),
    unsubscribe: async () => { browser = null },
  }
}

const registration = {
  pushManager: {
    getSubscription: async () => browser && subscription(browser.key),
    subscribe: async ({ applicationServerKey }: { applicationServerKey: Uint8Array }) => {
      made += 1
      browser = { key: [...applicationServerKey] }
      return subscription(browser.key)
    },
  },
  getNotifications: async () => [{ close }],
}

beforeEach(() => {
  browser = null
  made = 0
  close.mockReset()
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('Notification', { permission: 'granted' })
  Object.defineProperty(navigator, 'serviceWorker', { configurable: true, value: { getRegistration: async () => registration } })
  setNotifyChoices({ desktop: true, sound: true, preview: true, quietUntil: 0, askedAt: 0 })
  cache = cacheOf()
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
})

afterEach(() => Reflect.deleteProperty(navigator, 'serviceWorker'))

/// A server that knows these devices; answers what it was asked to change.
function server(devices: object[]) {
  const calls = serve({ 'GET /push/key': { public_key: KEY }, [`GET ${DEVICES}`]: () => devices, [`POST ${DEVICES}`]: (body: object) => body })
  return () => calls.splice(0).filter(({ method }) => method !== 'GET').map(({ method, path, body }) => [method, path.replace(DEVICES, ''), body])
}

const registered = (more: object = {}) => ({ endpoint: 'https://push.example.org/mine', keys: { p256dh: 'p', auth: 'a' }, hide_content: false, quiet_until: null, ...more })

test('a browser with permission is registered once, and again when a choice changes', async () => {
  const devices: object[] = [other]
  const changed = server(devices)
  await syncPush(cache)
  expect(changed()).toEqual([['POST', '', registered()]])
  devices.push({ ...other, id: 9, current: true, endpoint: 'https://push.example.org/mine' })
  await syncPush(cache)
  expect([changed(), made]).toEqual([[], 1])
  setNotifyChoices({ preview: false, quietUntil: Infinity })
  await syncPush(cache)
  expect(changed()).toEqual([['POST', '', registered({ hide_content: true, quiet_until: '9999-12-31T23:59:59' })]])
})

test('a subscription for the key of another server is made anew', async () => {
  browser = { key: [4, 4, 4, 4] }
  server([])
  await syncPush(cache)
  expect([made, browser]).toEqual([1, { key: [4, 1, 2, 3] }])
})

test('without permission nothing is asked, and what was registered ends with the choice', async () => {
  vi.stubGlobal('Notification', { permission: 'default' })
  const calls = serve({})
  await syncPush(cache)
  expect([calls, made]).toEqual([[], 0])
  vi.stubGlobal('Notification', { permission: 'granted' })
  browser = { key: [4, 1, 2, 3] }
  const changed = server([other, { ...other, id: 9, endpoint: 'https://push.example.org/mine' }])
  setNotifyChoices({ desktop: false })
  await syncPush(cache)
  expect([changed(), browser]).toEqual([[['DELETE', '/9', undefined]], null])
})

test('a server without pushes, and a push service that does not answer, are no errors', async () => {
  serve({ 'GET /push/key': new Refusal(503, 'not_configured') })
  await syncPush(cache)
  expect(made).toBe(0)
  server([])
  const subscribe = vi.spyOn(registration.pushManager, 'subscribe').mockRejectedValue(new Error('no push service'))
  await syncPush(cache)
  subscribe.mockRestore()
})

test('signing out ends the subscription in the browser and closes what is shown', async () => {
  browser = { key: [4, 1, 2, 3] }
  server([])
  await syncPush(cache)
  await forgetPush()
  expect(browser).toBeNull()
  expect(close).toHaveBeenCalled()
})
