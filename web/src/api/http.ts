/// Requests to the server: JSON both ways, an idempotency key on every change, error responses as ApiError.

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

let tokens: TokenProvider | null = null

export function setTokenProvider(provider: TokenProvider): void {
  tokens = provider
}

export interface Options {
  query?: Record<string, string | number | null | undefined>
  body?: unknown
  key?: string
  headers?: Record<string, string>
  signal?: AbortSignal
  /// Sign-in calls carry no token and are not repeated after a 401.
  anonymous?: boolean
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export async function request<T>(method: Method, path: string, options: Options = {}): Promise<T> {
  const answer = await send(method, path, options)
  if (answer.status === 204) return undefined as T
  return (await answer.json()) as T
}

/// The bytes of an attachment.
export async function bytes(path: string, signal?: AbortSignal): Promise<Blob> {
  return (await send('GET', path, { signal })).blob()
}

async function send(method: Method, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (method !== 'GET') headers['Idempotency-Key'] ??= options.key ?? uuid()
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  const init: RequestInit = {
    method,
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
    credentials: 'same-origin',
  }

  const target = address(path, options.query)
  if (options.anonymous) return expectOk(await reach(target, init))

  if (!tokens) throw new Error('no token provider is set')
  const token = tokens.accessToken() ?? (await tokens.refresh())
  let answer = await reach(target, { ...init, headers: { ...headers, Authorization: `Bearer ${token}` } })
  if (answer.status === 401) {
    const renewed = await tokens.refresh(token)
    answer = await reach(target, { ...init, headers: { ...headers, Authorization: `Bearer ${renewed}` } })
  }
  return expectOk(answer)
}

function address(path: string, query: Options['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined)
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()
  return `${BASE}${path}${search ? `?${search}` : ''}`
}

async function reach(target: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new OfflineError()
  }
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
