/// Requests to the server: JSON both ways, an idempotency key on every change, error responses as ApiError.
/// A query cache belongs to one connection: which server, and whose token. Two chats on a page have two caches.

import type { QueryClient } from '@tanstack/react-query'
import { shell } from '@/lib/shell'
import { uuid } from '@/lib/uuid'

export const BASE = '/api/v1'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retryAfter: number | null = null,
    /// Of a repeated request: what the first one answered.
    readonly original: { status: number; body?: unknown } | null = null,
  ) {
    super(detail)
    this.name = 'ApiError'
  }
}

/// The server could not be reached; whether it handled the request is unknown.
export class OfflineError extends Error {
  constructor() {
    super('offline')
    this.name = 'OfflineError'
  }
}

/// Where requests get the access token from.
export interface TokenProvider {
  accessToken: () => string | null
  /// A new token; `refused` is the one that the server rejected.
  refresh: (refused?: string) => Promise<string>
}

export interface Connection {
  /// The server's origin without a trailing slash; empty for the page's own.
  server: string
  tokens: TokenProvider
  /// The server ended the session, for a reason that it names in one word.
  onEnded: (reason: string) => void
}

const connections = new WeakMap<QueryClient, Connection>()

/// Says which server the data of a query cache comes from.
export function connect(cache: QueryClient, connection: Connection): void {
  connections.set(cache, connection)
}

export function connectionOf(cache: QueryClient): Connection {
  const connection = connections.get(cache)
  if (!connection) throw new Error('this query cache is not connected to a server')
  return connection
}

/// An address that the server answered, which may be relative to it.
export const absolute = (cache: QueryClient, url: string) => (url.startsWith('/') ? `${connectionOf(cache).server}${url}` : shell().address(url))

/// The app's shell answers with this header where a browser would report a network error.
export const UNREACHED = 'X-Besedka-Shell'

export interface Options {
  query?: Record<string, string | number | null | undefined>
  body?: unknown
  key?: string
  headers?: Record<string, string>
  signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export async function request<T>(cache: QueryClient, method: Method, path: string, options: Options = {}): Promise<T> {
  const answer = await send(connectionOf(cache), method, path, options)
  if (answer.status === 204) return undefined as T
  return (await answer.json()) as T
}

/// The bytes of an attachment, or of a part of it.
export async function bytes(cache: QueryClient, path: string, signal?: AbortSignal, headers?: Record<string, string>): Promise<Blob> {
  return (await send(connectionOf(cache), 'GET', path, { signal, headers })).blob()
}

/// Makes a call without a token: sign-in, before there is a connection.
export async function anonymous<T>(server: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  const answer = await expectOk(await reach(address(server, path, {}), init('POST', { body, headers })))
  return answer.status === 204 ? undefined as T : (await answer.json()) as T
}

/// Reads without a token, before there is a connection.
export async function look<T>(server: string, path: string, signal?: AbortSignal): Promise<T> {
  return (await (await expectOk(await reach(address(server, path, {}), init('GET', { signal })))).json()) as T
}

async function send({ server, tokens }: Connection, method: Method, path: string, options: Options): Promise<Response> {
  const asked = init(method, options)
  const target = address(server, path, options.query)
  const attempt = (token: string) => reach(target, { ...asked, headers: { ...asked.headers, Authorization: `Bearer ${token}` } })

  const token = tokens.accessToken() ?? (await tokens.refresh())
  const answer = await attempt(token)
  return expectOk(answer.status === 401 ? await attempt(await tokens.refresh(token)) : answer)
}

function init(method: Method, options: Options): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (method !== 'GET') headers['Idempotency-Key'] ??= options.key ?? uuid()
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  return {
    method,
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
    credentials: 'same-origin',
  }
}

function address(server: string, path: string, query: Options['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined)
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()
  return `${server}${BASE}${path}${search ? `?${search}` : ''}`
}

async function reach(target: string, init: RequestInit): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(target, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new OfflineError()
  }
  if (answer.headers.has(UNREACHED)) throw new OfflineError()
  return answer
}

async function expectOk(answer: Response): Promise<Response> {
  if (answer.ok) return answer
  const said = (await answer.json().catch(() => null)) as Partial<ApiError> | null
  const wait = Number(answer.headers.get('Retry-After'))
  throw new ApiError(
    answer.status,
    said?.code ?? `http_${answer.status}`,
    said?.detail ?? answer.statusText,
    Number.isFinite(wait) && wait > 0 ? wait : null,
    said?.original ?? null,
  )
}
