/// The session of this browser. The access token is kept in memory only; the refresh token is an HttpOnly
/// cookie. Tabs refresh one at a time and tell each other of sign-in and sign-out.

import type { QueryClient } from '@tanstack/react-query'
import { shell } from '@/lib/shell'
import type { Code, CodeSignIn, FirstAdministrator, PasswordReset, Registration, RegistrationSetting, SignedIn, Tokens, User, Whose } from './types'
import { anonymous, ApiError, connect, request, type TokenProvider } from './http'

const HINT = 'besedka.signed-in'
const COOKIE = { 'X-Besedka-Session': 'cookie' }

export type SessionState = 'unknown' | 'in' | 'out'

/// Why a session is over, other than by signing out here.
export type EndReason = 'revoked' | 'expired' | 'password_changed' | 'deactivated' | 'deleted' | 'other_tab'

type TabMessage = { kind: 'token'; token: string } | { kind: 'in' } | { kind: 'out'; reason: EndReason | null }

/// By the code of a refused refresh or the reason of a closed socket. A cookie that has expired is not sent any more, and
/// the server then knows no session.
const reasons: Record<string, EndReason> = {
  unauthorized: 'expired',
  expired: 'expired',
  session_ended: 'revoked',
  revoked: 'revoked',
  password_changed: 'password_changed',
  deactivated: 'deactivated',
}

export class Session implements TokenProvider {
  private why: EndReason | null = null
  /// Signing out closes the socket, which must not pass for a session that was ended elsewhere.
  private leaving = false
  /// Others may have access by a password that was set before this person's address was proven.
  private earlier = false
  private token: string | null = null
  private state: SessionState = read() ? 'unknown' : 'out'
  private refreshing: Promise<string> | null = null
  private readonly listeners = new Set<() => void>()
  private readonly tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('besedka.session')

  constructor(private readonly cache: QueryClient) {
    connect(cache, { server: shell().requests, tokens: this, onEnded: (reason) => this.end(reasons[reason] ?? 'revoked') })
    sessions.set(cache, this)
    if (!this.tabs) return
    this.tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => {
      if (data.kind === 'token' && this.state === 'in') this.token = data.token
      if (data.kind === 'out') this.over(data.reason ?? 'other_tab')
      // Another person may have signed in there: start over with the cookie as it is now.
      if (data.kind === 'in') location.reload()
    }
  }

  readonly current = () => this.state
  /// Why the last session is over; null if it was ended here.
  readonly endReason = () => this.why
  readonly earlierAccess = () => this.earlier
  readonly accessToken = () => this.token

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  async register(form: Registration): Promise<User> {
    return this.started(await anonymous<Registered>(shell().requests, '/auth/register', { ...form, device: device() }, COOKIE))
  }

  /// What the first administrator can choose, if the token of the setup link is valid.
  checkSetup(token: string): Promise<RegistrationSetting> {
    return anonymous<RegistrationSetting>(shell().requests, '/auth/setup/check', { token })
  }

  /// Creates the first administrator's account and signs in.
  async setUp(form: FirstAdministrator): Promise<User> {
    return this.started(await anonymous<Registered>(shell().requests, '/auth/setup', { ...form, device: device() }, COOKIE))
  }

  async signIn(form: { email?: string; username?: string; password: string }): Promise<void> {
    this.start(await anonymous<Tokens>(shell().requests, '/auth/login', { ...form, device: device() }, COOKIE))
  }

  /// Signs in with a code from an email or a text message; an unknown address becomes a new account.
  async signInByCode(form: CodeSignIn): Promise<User> {
    const answer = await anonymous<SignedIn>(shell().requests, '/auth/codes/login', { ...form, device: device() }, COOKIE)
    this.earlier = !!answer.earlier_access
    return this.started(answer)
  }

  /// Sends a code to an address; answers how many seconds it is valid.
  async sendCode(to: Whose): Promise<number> {
    return (await anonymous<Code>(shell().requests, '/auth/codes', to)).expires_in
  }

  async resetPassword(form: PasswordReset): Promise<void> {
    await anonymous<void>(shell().requests, '/auth/codes/password', form)
  }

  /// Ends the password, sessions and tokens from before this person proved their address.
  async endEarlierAccess(): Promise<void> {
    await request(this.cache, 'DELETE', '/users/me/earlier-access')
    this.keepEarlierAccess()
  }

  keepEarlierAccess(): void {
    this.earlier = false
    this.notify()
  }

  async signOut(): Promise<void> {
    this.leaving = true
    try {
      await request(this.cache, 'POST', '/auth/logout', { headers: COOKIE })
    } finally {
      this.end(null)
      this.leaving = false
    }
  }

  /// The session is over: the user signed out, or the server ended it.
  end(reason: EndReason | null): void {
    this.tabs?.postMessage({ kind: 'out', reason } satisfies TabMessage)
    this.over(this.leaving ? null : reason)
  }

  private over(reason: EndReason | null): void {
    // What the user did here is known better than that the server ended the session for it.
    if (this.state === 'out' && reason === 'revoked') return
    this.why = reason
    if (this.state === 'out') this.notify()
    else this.setState('out')
  }

  /// A new access token. `stale` is the one that was just refused: if another tab has renewed it
  /// meanwhile, that one is used without a request.
  readonly refresh = (stale: string | null = null): Promise<string> => {
    this.refreshing ??= withLock(async () => {
      if (this.token && this.token !== stale) return this.token
      try {
        const tokens = await anonymous<Tokens>(shell().requests, '/auth/refresh', {}, COOKIE)
        this.token = tokens.access_token
        this.tabs?.postMessage({ kind: 'token', token: this.token } satisfies TabMessage)
        this.setState('in')
        return this.token
      } catch (error) {
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) this.over(reasons[error.code] ?? 'expired')
        throw error
      }
    }).finally(() => {
      this.refreshing = null
    })
    return this.refreshing
  }

  private started({ user, tokens }: Registered): User {
    this.start(tokens)
    return user
  }

  private start(tokens: Tokens): void {
    this.token = tokens.access_token
    this.setState('in')
    this.tabs?.postMessage({ kind: 'in' } satisfies TabMessage)
  }

  private setState(next: SessionState): void {
    if (next === 'out') this.token = null
    else this.why = null
    if (this.state === next) return
    this.state = next
    write(next === 'in')
    this.notify()
  }

  private notify(): void {
    for (const listener of this.listeners) listener()
  }
}

type Registered = { user: User; tokens: Tokens }

const sessions = new WeakMap<QueryClient, Session>()

/// The browser session that a query cache belongs to; an embedded chat has none.
export const sessionOf = (cache: QueryClient): Session | undefined => sessions.get(cache)

function withLock<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request('besedka.refresh', work) as Promise<T>) : work()
}

/// Not a secret: it only saves a visitor without a session one refused request.
function read(): boolean {
  if (shell().desktop?.isSignedIn) return true
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
  const browser = shell().desktop ? 'Besedka' : /Firefox\/|Edg\/|OPR\/|Chrome\/|Safari\//.exec(agent)?.[0].replace('/', '') ?? 'Browser'
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0] ?? ''
  return [browser.replace('Edg', 'Edge').replace('OPR', 'Opera'), system].filter(Boolean).join(', ')
}
