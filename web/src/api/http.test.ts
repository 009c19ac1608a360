import { beforeEach, expect, test, vi } from 'vitest'
import { ApiError, connect, connectionOf, OfflineError, request } from './http'
import { QueryClient } from '@tanstack/react-query'
import { Session } from './session'

const calls: { url: string; headers: Record<string, string>; body: unknown }[] = []
let answers: (() => Response | Promise<Response>)[]
let given = 0
const cache = new QueryClient()
const session = new Session(cache)

const json = (status: number, body: unknown, headers = {}) => () => new Response(JSON.stringify(body), { status, headers })
const tokens = () => json(200, { access_token: `token-${++given}`, token_type: 'bearer', expires_in: 900 })

beforeEach(async () => {
  calls.length = 0
  answers = []
  vi.stubGlobal('fetch', vi.fn(async (url: string, init: RequestInit) => {
    calls.push({ url, headers: init.headers as Record<string, string>, body: init.body })
    return answers.shift()!()
  }))
})

/// A session with a fresh token, and no calls on record.
async function signedIn() {
  answers = [tokens()]
  const token = await session.refresh(session.accessToken())
  calls.length = 0
  return token
}

test('a change carries the token and a key of its own', async () => {
  const token = await signedIn()
  answers = [json(201, { id: 1 })]
  await request(cache, 'POST', '/chats', { body: { title: 'x' } })
  expect(calls[0]).toMatchObject({ url: '/api/v1/chats', headers: { Authorization: `Bearer ${token}` } })
  expect(calls[0]!.headers['Idempotency-Key']).toMatch(/^[\w-]{36}$/)
})

test('a refused token is renewed once and the request repeated with the same key', async () => {
  await signedIn()
  answers = [json(401, { detail: '', code: 'unauthorized' }), tokens(), json(201, { id: 1 })]
  await request(cache, 'POST', '/messages', { body: {}, key: 'the-key' })
  expect(calls.map(({ url }) => url)).toEqual(['/api/v1/messages', '/api/v1/auth/refresh', '/api/v1/messages'])
  expect(calls[0]!.headers['Idempotency-Key']).toBe('the-key')
  expect(calls[2]!.headers['Idempotency-Key']).toBe('the-key')
  expect(calls[2]!.headers.Authorization).not.toBe(calls[0]!.headers.Authorization)
})

test('many requests with an old token make one refresh', async () => {
  await signedIn()
  const used: string[] = []
  vi.stubGlobal('fetch', vi.fn(async (url: string, init: RequestInit) => {
    if (url.endsWith('/refresh')) { used.push(url); return tokens()() }
    const fresh = (init.headers as Record<string, string>).Authorization === `Bearer token-${given}` && used.length > 0
    return fresh ? json(200, [])() : json(401, { detail: '', code: 'unauthorized' })()
  }))
  await Promise.all([request(cache, 'GET', '/chats'), request(cache, 'GET', '/users/me'), request(cache, 'GET', '/sessions')])
  expect(used).toHaveLength(1)
})

test('refresh goes by the cookie and names no token', async () => {
  await signedIn()
  answers = [tokens()]
  await session.refresh(session.accessToken())
  expect(calls[0]).toMatchObject({ body: '{}', headers: { 'X-Besedka-Session': 'cookie' } })
})

test('a refusal is an error with its code and its words', async () => {
  await signedIn()
  answers = [json(429, { detail: 'slow down', code: 'rate_limited' }, { 'Retry-After': '7' })]
  const error = await request(cache, 'GET', '/chats').catch((one: unknown) => one)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ status: 429, code: 'rate_limited', detail: 'slow down', retryAfter: 7 })
})

test('a server that is not reached is not a refusal', async () => {
  await signedIn()
  answers = [() => { throw new TypeError('failed') }]
  await expect(request(cache, 'GET', '/chats')).rejects.toBeInstanceOf(OfflineError)
  expect(session.current()).toBe('in')
})

test('a refused refresh ends the session here', async () => {
  await signedIn()
  answers = [json(401, { detail: '', code: 'unauthorized' }), json(401, { detail: '', code: 'unauthorized' })]
  await expect(request(cache, 'GET', '/chats')).rejects.toMatchObject({ status: 401 })
  expect(session.current()).toBe('out')
})

test('an embedded chat asks its own server with its own token', async () => {
  const other = new QueryClient()
  connect(other, { server: 'https://chat.example.org', tokens: { accessToken: () => 'theirs', refresh: async () => 'renewed' }, onEnded: () => undefined })
  await signedIn()
  answers = [json(200, []), json(200, [])]
  await request(other, 'GET', '/chats')
  await request(cache, 'GET', '/chats')
  expect(calls.map(({ url }) => url)).toEqual(['https://chat.example.org/api/v1/chats', '/api/v1/chats'])
  expect(calls[0]!.headers.Authorization).toBe('Bearer theirs')
  expect(calls[1]!.headers.Authorization).not.toBe('Bearer theirs')
})

test('a session that the server ended is told from a sign-out', async () => {
  await signedIn()
  answers = [json(204, null)]
  await session.signOut().catch(() => undefined)
  expect(session.endReason()).toBe(null)
})

test('the socket that signing out closes is not taken for a session that was ended elsewhere', async () => {
  await signedIn()
  answers = [() => {
    connectionOf(cache).onEnded('revoked')
    return json(204, null)()
  }]
  await session.signOut().catch(() => undefined)
  expect(session.endReason()).toBe(null)
})

test('why a session ended is known from the refused refresh', async () => {
  for (const [code, reason] of [['unauthorized', 'expired'], ['session_ended', 'revoked'], ['deactivated', 'deactivated'], ['invalid', 'expired']]) {
    await signedIn()
    answers = [json(401, { detail: '', code: 'unauthorized' }), json(401, { detail: '', code })]
    await request(cache, 'GET', '/chats').catch(() => undefined)
    expect([session.current(), session.endReason()]).toEqual(['out', reason])
  }
})

test('why a session ended is known from the closed socket, and forgotten at the next sign-in', async () => {
  for (const [said, reason] of [['revoked', 'revoked'], ['password_changed', 'password_changed'], ['', 'revoked']]) {
    await signedIn()
    expect(session.endReason()).toBe(null)
    connectionOf(cache).onEnded(said!)
    expect(session.endReason()).toBe(reason)
  }
})

test('what the user did here is shown rather than that the server ended the session for it', async () => {
  await signedIn()
  session.end('deactivated')
  connectionOf(cache).onEnded('revoked')
  expect(session.endReason()).toBe('deactivated')
  await signedIn()
  connectionOf(cache).onEnded('revoked')
  session.end('deleted')
  expect(session.endReason()).toBe('deleted')
})
