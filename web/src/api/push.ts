/// Pushes: notifications that the server sends to this browser while no page is open. The browser's push service
/// carries them, and the service worker shows them (`public/sw.js`).

import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { notifyChoices, permission } from '@/lib/notify'
import { ApiError, request } from './http'
import type { PushKey, PushSubscription as Registered } from './types'

/// Whether this browser is pushed notifications: `missing` where the browser or the server knows no pushes, `failed`
/// where the push service cannot be reached.
export type PushState = 'off' | 'on' | 'failed' | 'missing'

/// Later than anything: do not disturb without an end.
const NEVER = '9999-12-31T23:59:59'

// A browser has one push subscription for all pages of an origin.
let state: PushState = 'off'
const listeners = new Set<() => void>()
let running: Promise<void> = Promise.resolve()
/// The service worker of another site, in which a chat is embedded, is its own.
let isUsed = false

function setState(next: PushState): void {
  if (state === next) return
  state = next
  for (const listener of listeners) listener()
}

export function usePushState(): PushState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, () => state, () => 'off')
}

const worker = async () => ('serviceWorker' in navigator ? navigator.serviceWorker.getRegistration('/') : undefined)

/// Has the server push as this browser's choices say. The browser asks nobody: what needs permission waits for it.
export function syncPush(cache: QueryClient): Promise<void> {
  isUsed = true
  return (running = running.then(() => sync(cache)).catch(() => setState('failed')))
}

async function sync(cache: QueryClient): Promise<void> {
  const registration = await worker()
  if (!registration || !('pushManager' in registration)) return setState('missing')
  const { desktop, preview, quietUntil } = notifyChoices()
  const known = await registration.pushManager.getSubscription()
  if (permission() !== 'granted' || !desktop) {
    if (known) await end(cache, known)
    return setState('off')
  }
  const key = await pushKey(cache)
  if (key === null) return setState('missing')
  const subscription = await subscribe(registration.pushManager, known, decode(key))
  const quiet_until = quietUntil > Date.now() ? (quietUntil === Infinity ? NEVER : utc(quietUntil)) : null
  const current = (await devices(cache)).find((one) => one.current)
  const same = current?.endpoint === subscription.endpoint && current.hide_content === !preview && seconds(current.quiet_until) === seconds(quiet_until)
  if (!same) {
    const { endpoint, keys } = subscription.toJSON()
    await request<Registered>(cache, 'POST', '/users/me/push-subscriptions', { body: { endpoint, keys, hide_content: !preview, quiet_until } })
  }
  setState('on')
}

const devices = (cache: QueryClient) => request<Registered[]>(cache, 'GET', '/users/me/push-subscriptions')

/// The key by which the browser knows the server's pushes; null where the server sends none.
async function pushKey(cache: QueryClient): Promise<string | null> {
  try {
    return (await request<PushKey>(cache, 'GET', '/push/key')).public_key
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_configured') return null
    throw error
  }
}

/// A subscription is bound to a key: with another one, as of another server at this address, it is made anew.
async function subscribe(manager: PushManager, known: PushSubscription | null, key: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
  const bound = known?.options.applicationServerKey
  if (known && bound && String(new Uint8Array(bound)) === String(key)) return known
  await known?.unsubscribe()
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
}

async function end(cache: QueryClient, known: PushSubscription): Promise<void> {
  const mine = (await devices(cache)).find(({ endpoint }) => endpoint === known.endpoint)
  await known.unsubscribe()
  if (mine) await request(cache, 'DELETE', `/users/me/push-subscriptions/${mine.id}`)
}

/// Whoever signs in next in this browser is not pushed what is meant for this user.
export async function forgetPush(): Promise<void> {
  if (!isUsed) return
  const registration = await worker()
  const known = await registration?.pushManager?.getSubscription()
  await known?.unsubscribe()
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close()
  setState('off')
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

const utc = (time: number) => new Date(time).toISOString().replace(/Z$/, '')
const seconds = (time: string | null | undefined) => time?.slice(0, 19) ?? null
