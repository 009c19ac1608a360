/// The session of this browser. The access token is kept in memory only; the refresh token is an HttpOnly
/// cookie. Tabs refresh one at a time and tell each other of sign-in and sign-out.

import type { Registration, Tokens, User } from './types'
import { ApiError, request, setTokenProvider } from './http'

const HINT = 'besedka.signed-in'
const COOKIE = { 'X-Besedka-Session': 'cookie' }

export type SessionState = 'unknown' | 'in' | 'out'

let token: string | null = null
let state: SessionState = read() ? 'unknown' : 'out'
let refreshing: Promise<string> | null = null
const listeners = new Set<() => void>()
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('besedka.session')

type TabMessage = { kind: 'token'; token: string } | { kind: 'in' } | { kind: 'out' }

if (tabs) {
  tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data.kind === 'token' && state === 'in') token = data.token
    if (data.kind === 'out') setState('out')
    // Another person may have signed in there: start over with the cookie as it is now.
    if (data.kind === 'in') location.reload()
  }
}

export const sessionState = () => state
export const accessToken = () => token

setTokenProvider({ accessToken, refresh })

export function onSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export async function register(form: Registration): Promise<User> {
  const { user, tokens } = await request<{ user: User; tokens: Tokens }>('POST', '/auth/register', {
    body: { ...form, device: device() },
    headers: COOKIE,
    anonymous: true,
  })
  startSession(tokens)
  return user
}

export async function signIn(form: { email?: string; username?: string; password: string }): Promise<void> {
  const tokens = await request<Tokens>('POST', '/auth/login', {
    body: { ...form, device: device() },
    headers: COOKIE,
    anonymous: true,
  })
  startSession(tokens)
}

export async function signOut(): Promise<void> {
  try {
    await request('POST', '/auth/logout', { headers: COOKIE })
  } finally {
    endSession()
  }
}

/// The session ended: the user signed out, or the server revoked it.
export function endSession(): void {
  tabs?.postMessage({ kind: 'out' } satisfies TabMessage)
  setState('out')
}

/// A new access token. `stale` is the one that was just refused: if another tab has renewed it
/// meanwhile, that one is used without a request.
export function refresh(stale: string | null = null): Promise<string> {
  refreshing ??= withLock(async () => {
    if (token && token !== stale) return token
    try {
      const tokens = await request<Tokens>('POST', '/auth/refresh', { body: {}, headers: COOKIE, anonymous: true })
      token = tokens.access_token
      tabs?.postMessage({ kind: 'token', token } satisfies TabMessage)
      setState('in')
      return token
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) setState('out')
      throw error
    }
  }).finally(() => {
    refreshing = null
  })
  return refreshing
}

function withLock<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request('besedka.refresh', work) as Promise<T>) : work()
}

function startSession(tokens: Tokens): void {
  token = tokens.access_token
  setState('in')
  tabs?.postMessage({ kind: 'in' } satisfies TabMessage)
}

function setState(next: SessionState): void {
  if (next === 'out') token = null
  if (state === next) return
  state = next
  write(next === 'in')
  for (const listener of listeners) listener()
}

/// Not a secret: it only saves a visitor without a session one refused request.
function read(): boolean {
  try {
    return localStorage.getItem(HINT) === '1'
  } catch {
    return true
  }
}

function write(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(HINT, '1')
    else localStorage.removeItem(HINT)
  } catch {
    // Without storage the cookie alone is asked at the next start.
  }
}

function device(): string {
  const agent = navigator.userAgent
  const browser = /Firefox\/|Edg\/|OPR\/|Chrome\/|Safari\//.exec(agent)?.[0].replace('/', '') ?? 'Browser'
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0] ?? ''
  return [browser.replace('Edg', 'Edge').replace('OPR', 'Opera'), system].filter(Boolean).join(', ')
}
