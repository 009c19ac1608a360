/// The live connection: connects, authenticates with its first frame, detects a dead line, and reconnects with
/// the cursor after a growing delay. Frames go to `onFrames`: a replay in one batch, then each as it arrives.
/// Where sockets do not get through, as behind some proxies, it asks for events by requests that wait for them.

import { Cursor } from './cursor'
import type { Frame, Said, SyncPage } from './types'

export type LiveStatus = 'connecting' | 'live' | 'polling' | 'waiting' | 'replaced' | 'ended'

export interface SocketPorts {
  url: string
  token: (refused: boolean) => Promise<string>
  onFrames: (frames: Frame[]) => void
  onStatus: (status: LiveStatus) => void
  onEnded: (reason: string) => void
  /// The events after a cursor; waits so many seconds for one if there is none.
  poll?: (cursor: string, wait: number, signal: AbortSignal) => Promise<SyncPage>
  open?: (url: string) => WebSocket
  random?: () => number
}

export const closeCodes = { tokenExpired: 4401, revoked: 4403, replaced: 4409, tooFast: 4429, tooSlow: 1013, restart: 1012 }

/// With these codes only the server closes a socket: it got through, though no frame did.
const SERVER_CODES: number[] = Object.values(closeCodes)

const PING_MS = 25_000
const ANSWER_MS = 10_000
const FIRST_MS = 1_000
const LONGEST_MS = 30_000
/// After so many sockets that never said anything, events are polled.
const SILENT_SOCKETS = 2
const POLL_WAIT_S = 25
/// How long events are polled until a socket is tried again: first and, as sockets keep failing, at most.
const FIRST_POLL_MS = 30_000
const LONGEST_POLL_MS = 5 * 60_000

export class LiveSocket {
  private socket: WebSocket | null = null
  private tries = 0
  /// Sockets in a row that never said anything; the present one counts until it does.
  private silent = 0
  private polling: AbortController | null = null
  /// How often events were polled since a socket got through.
  private polls = 0
  private refused = false
  private stopped = false
  private status: LiveStatus = 'connecting'
  /// Missed events, collected until the server's `ready` frame.
  private replay: Frame[] = []
  private retry: ReturnType<typeof setTimeout> | undefined
  private beat: ReturnType<typeof setInterval> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly ports: SocketPorts, private readonly cursor: Cursor) {}

  start(): void {
    void this.connect()
  }

  stop(): void {
    this.stopped = true
    this.clearTimers()
    this.polling?.abort()
    this.socket?.close(1000)
  }

  /// The network is back, or the page is visible again: reconnect without further delay.
  wake(): void {
    if (this.stopped || this.status === 'ended') return
    if (this.socket?.readyState === WebSocket.OPEN) this.ping()
    else if (!this.socket && !this.polling) void this.connect()
  }

  send<Name extends keyof Said>(event: Name, data: Said[Name]): void {
    if (this.status === 'live') this.socket?.send(JSON.stringify({ event, data }))
  }

  private setStatus(status: LiveStatus): void {
    this.status = status
    this.ports.onStatus(status)
  }

  private async connect(): Promise<void> {
    this.clearTimers()
    if (this.stopped) return
    if (this.status !== 'waiting' && this.status !== 'polling') this.setStatus('connecting')
    this.silent += 1
    let token: string
    const opening = (this.socket = (this.ports.open ?? ((url) => new WebSocket(url)))(this.ports.url))
    opening.onopen = async () => {
      try {
        token = await this.ports.token(this.refused)
        this.refused = false
        opening.send(JSON.stringify({ event: 'auth', data: { token, cursor: this.cursor.toString() || undefined } }))
      } catch {
        opening.close()
      }
    }
    opening.onmessage = ({ data }) => {
      if (this.socket === opening) this.receive(opening, JSON.parse(String(data)) as Frame)
    }
    opening.onclose = ({ code, reason }) => {
      if (this.socket === opening) this.closed(code, reason)
    }
    this.expectFrame(opening, ANSWER_MS * 2)
  }

  private receive(socket: WebSocket, frame: Frame): void {
    clearTimeout(this.silence)
    this.gotThrough()
    if (this.status === 'live') return this.handle([frame])
    if (frame.event !== 'ready') {
      this.replay.push(frame)
      this.expectFrame(socket, ANSWER_MS * 2)
      return
    }
    this.handle(this.replay.splice(0))
    this.cursor.take((frame.data as { cursor?: string } | undefined)?.cursor)
    this.tries = 0
    this.beat = setInterval(() => this.ping(), PING_MS)
    this.setStatus('live')
  }

  private gotThrough(): void {
    this.silent = 0
    this.polls = 0
  }

  /// Passes on the frames that were not handled before.
  private handle(frames: Frame[]): void {
    const fresh = frames.filter(({ event, position }) => event === 'gap' || !position || !this.cursor.has(position))
    if (fresh.length > 0) this.ports.onFrames(fresh)
    for (const { event, position } of fresh) {
      if (!position) continue
      // After a gap the server may be further back than it was: its log was lost.
      if (event === 'gap') this.cursor.set(position)
      else this.cursor.take(position)
    }
  }

  private ping(): void {
    const socket = this.socket
    if (socket?.readyState !== WebSocket.OPEN) return
    socket.send('{"event":"ping"}')
    this.expectFrame(socket, ANSWER_MS)
  }

  /// A connection without a frame for this long is dead, even if the browser considers it open.
  private expectFrame(socket: WebSocket, within: number): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => {
      if (this.socket !== socket) return
      socket.onclose = null
      socket.close()
      this.closed(1006)
    }, within)
  }

  private closed(code: number, reason = ''): void {
    this.clearTimers()
    this.socket = null
    if (this.stopped) return
    this.handle(this.replay.splice(0))
    if (SERVER_CODES.includes(code)) this.gotThrough()
    if (code === closeCodes.revoked) {
      this.stopped = true
      this.setStatus('ended')
      this.ports.onEnded(reason)
      return
    }
    if (code === closeCodes.replaced) return this.setStatus('replaced')
    if (code === closeCodes.tokenExpired) this.refused = true
    if (this.silent >= SILENT_SOCKETS && this.ports.poll) return void this.poll(this.ports.poll)
    this.setStatus('waiting')
    this.retry = setTimeout(() => void this.connect(), this.pause(code))
    this.tries += 1
  }

  /// Asks for events until a socket is tried again, or a request fails.
  private async poll(ask: NonNullable<SocketPorts['poll']>): Promise<void> {
    const polling = (this.polling = new AbortController())
    const until = Date.now() + Math.min(FIRST_POLL_MS * 2 ** this.polls, LONGEST_POLL_MS)
    try {
      for (let wait = 0; Date.now() < until;) {
        const page = await ask(this.cursor.toString(), wait, polling.signal)
        if (polling.signal.aborted) return
        if (this.status !== 'polling') this.setStatus('polling')
        this.tries = 0
        this.handle([
          ...page.gaps.map(({ chat_id, position }) => ({ event: 'gap', data: { chat_id }, position }) as Frame),
          ...(page.events as Frame[]),
        ])
        this.cursor.take(page.cursor)
        wait = page.has_more ? 0 : Math.min(POLL_WAIT_S, Math.max(1, Math.ceil((until - Date.now()) / 1000)))
      }
      this.polls += 1
    } catch {
      if (polling.signal.aborted) return
      // Requests do not get through either: that sockets fail says nothing about sockets.
      this.silent = 0
      this.setStatus('waiting')
      this.polling = null
      this.retry = setTimeout(() => void this.connect(), this.pause(1006))
      this.tries += 1
      return
    }
    this.polling = null
    void this.connect()
  }

  /// The delay before reconnecting: none for the first close with a known cause, else exponential, with jitter
  /// so that not all clients reconnect at the same moment.
  private pause(code: number): number {
    const jitter = (this.ports.random ?? Math.random)()
    const atOnce: number[] = [closeCodes.tooSlow, closeCodes.tokenExpired]
    if (this.tries === 0 && atOnce.includes(code)) return 0
    if (this.tries === 0 && code === closeCodes.restart) return 1000 + jitter * 4000
    const least = code === closeCodes.tooFast ? 5_000 : FIRST_MS
    const ceiling = Math.min(least * 2 ** this.tries, LONGEST_MS)
    return ceiling / 2 + (jitter * ceiling) / 2
  }

  private clearTimers(): void {
    clearTimeout(this.retry)
    clearTimeout(this.silence)
    clearInterval(this.beat)
  }
}
