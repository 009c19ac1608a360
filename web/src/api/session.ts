/// Who is signed in here. The access token lives in memory only; the refresh token is a cookie that
/// scripts never see. Tabs take turns to refresh, and hear of each other's sign-in and sign-out.

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

type Word = { kind: 'token'; token: string } | { kind: 'in' } | { kind: 'out' }

if (tabs) {
  tabs.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data.kind === 'token' && state === 'in') token = data.token
    if (data.kind === 'out') become('out')
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
  enter(tokens)
  return user
}

export async function signIn(form: { email?: string; username?: string; password: string }): Promise<void> {
  const tokens = await request<Tokens>('POST', '/auth/login', {
    body: { ...form, device: device() },
    headers: COOKIE,
    anonymous: true,
  })
  enter(tokens)
}

export async function signOut(): Promise<void> {
  try {
    await request('POST', '/auth/logout', { headers: COOKIE })
  } finally {
    forget()
  }
}

/// The session is over, by our own wish or by the server's word.
export function forget(): void {
  tabs?.postMessage({ kind: 'out' } satisfies Word)
  become('out')
}

/// A new access token. `stale` is the one that was just refused: when another tab has renewed it
/// meanwhile, that one is used and the server is not asked.
export function refresh(stale: string | null = null): Promise<string> {
  refreshing ??= exclusively(async () => {
    if (token && token !== stale) return token
    try {
      const tokens = await request<Tokens>('POST', '/auth/refresh', { body: {}, headers: COOKIE, anonymous: true })
      token = tokens.access_token
      tabs?.postMessage({ kind: 'token', token } satisfies Word)
      become('in')
      return token
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) become('out')
      throw error
    }
  }).finally(() => {
    refreshing = null
  })
  return refreshing
}

function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request('besedka.refresh', work) as Promise<T>) : work()
}

function enter(tokens: Tokens): void {
  token = tokens.access_token
  become('in')
  tabs?.postMessage({ kind: 'in' } satisfies Word)
}

function become(next: SessionState): void {
  if (next === 'out') token = null
  if (state === next) return
  state = next
  write(next === 'in')
  for (const listener of listeners) listener()
}

/// Not a secret: it only spares a visitor without a session one refused request.
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
