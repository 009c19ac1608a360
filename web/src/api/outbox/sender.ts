/// Sends the outbox in order, retrying until the server accepts or rejects each message.

import { ApiError, OfflineError } from '../http'
import type { Message } from '../types'
import { inOrder, lane, type Entry, type LocalFile } from './entry'
import type { OutboxStore } from './store'

export interface SenderPorts {
  store: OutboxStore
  user: number
  /// Uploads one file of an entry, by its position; answers its id.
  upload: (entry: Entry, at: number, signal: AbortSignal) => Promise<string>
  /// Null if it was a slash command, which is handed to a bot and not posted.
  post: (entry: Entry) => Promise<Message | null>
  onSent: (message: Message) => void
  onChange: () => void
  pause?: (tries: number) => number
}

/// How often the server may fail at one message before its author is asked. A server that cannot be reached,
/// or whose proxy says so, is waited for without end.
const MOST_FAILURES = 5
const AWAY = [502, 503, 504]

const backoff = (tries: number) => Math.min(1000 * 2 ** tries, 30_000) * (0.5 + Math.random() / 2)

export class Sender {
  private readonly lanes = new Set<string>()
  private readonly uploads = new Map<string, AbortController>()
  private readonly sleepers = new Set<() => void>()
  private readonly failures = new Map<string, number>()
  private stopped = false

  constructor(private readonly ports: SenderPorts) {}

  /// Starts every lane that has waiting messages and is not running. `all` is what is stored, where it was just read.
  async pump(all?: Entry[]): Promise<void> {
    const waiting = this.waiting(all ?? await this.ports.store.all())
    for (const name of new Set(waiting.map(lane))) void this.drain(name, waiting)
  }

  /// The network is back: lanes in a retry delay try now.
  wake(): void {
    for (const wake of [...this.sleepers]) wake()
    void this.pump()
  }

  /// Aborts a running upload; the caller removes the entry.
  cancel(id: string): void {
    this.uploads.get(id)?.abort()
  }

  stop(): void {
    this.stopped = true
    for (const wake of [...this.sleepers]) wake()
    for (const upload of this.uploads.values()) upload.abort()
  }

  private waiting(all: Entry[]): Entry[] {
    return all.filter((entry) => entry.user_id === this.ports.user && entry.state === 'waiting').sort(inOrder)
  }

  private async drain(name: string, known: Entry[]): Promise<void> {
    if (this.lanes.has(name)) return
    this.lanes.add(name)
    let tries = 0
    let waiting = known
    try {
      while (!this.stopped) {
        const next = waiting.find((entry) => lane(entry) === name)
        if (!next) return
        const wait = await this.attempt(next, tries)
        tries = wait === null ? 0 : tries + 1
        if (wait !== null) await this.sleep(wait)
        waiting = this.waiting(await this.ports.store.all())
      }
    } finally {
      this.lanes.delete(name)
    }
  }

  /// The delay before the next try in ms, or null when the entry is done with.
  private async attempt(entry: Entry, tries: number): Promise<number | null> {
    let uploading: number | null = null
    try {
      const whole = await this.uploaded(entry, (at) => { uploading = at })
      await this.sent(entry, await this.ports.post(whole))
      return null
    } catch (error) {
      if (error instanceof ApiError && error.code === 'duplicate_request' && error.original) {
        // The server has it already: a response was lost, or another tab sent it.
        await this.sent(entry, error.original.body as Message | null)
        return null
      }
      if (error instanceof DOMException && error.name === 'AbortError') return null
      const wait = this.hasFailedTooOften(entry, error) ? null : this.delayAfter(error, tries)
      if (wait === null) {
        this.failures.delete(entry.client_id)
        const code = error instanceof ApiError ? error.code : 'unknown'
        await this.ports.store.change(entry.client_id, { state: 'failed', error: code, refused_file: uploading })
      }
      return wait
    } finally {
      this.ports.onChange()
    }
  }

  /// `message` is null when it has been deleted since, and for a slash command.
  private async sent(entry: Entry, message: Message | null): Promise<void> {
    this.failures.delete(entry.client_id)
    await this.ports.store.remove(entry.client_id)
    if (message) this.ports.onSent(message)
  }

  /// Uploads the files that are not on the server yet, one after another, and remembers each, so that none is uploaded
  /// again. `onFile` is told which one is being uploaded.
  private async uploaded(entry: Entry, onFile: (at: number | null) => void): Promise<Entry> {
    if (entry.files.every((file) => file.attachment_id)) return entry
    const control = new AbortController()
    this.uploads.set(entry.client_id, control)
    const files: LocalFile[] = [...entry.files]
    try {
      for (const [at, file] of files.entries()) {
        if (file.attachment_id) continue
        onFile(at)
        files[at] = { ...file, attachment_id: await this.ports.upload({ ...entry, files }, at, control.signal) }
        await this.ports.store.change(entry.client_id, { files: [...files] })
      }
      onFile(null)
      return { ...entry, files }
    } finally {
      this.uploads.delete(entry.client_id)
    }
  }

  private hasFailedTooOften({ client_id }: Entry, error: unknown): boolean {
    if (!(error instanceof ApiError) || error.status < 500 || AWAY.includes(error.status)) return false
    const failures = (this.failures.get(client_id) ?? 0) + 1
    this.failures.set(client_id, failures)
    return failures >= MOST_FAILURES
  }

  private delayAfter(error: unknown, tries: number): number | null {
    const pause = (this.ports.pause ?? backoff)(tries)
    if (error instanceof OfflineError) return pause
    if (!(error instanceof ApiError)) return null
    if (error.status === 429) return Math.max((error.retryAfter ?? 1) * 1000, pause)
    // Another request with this key is still running.
    if (error.status === 409 && error.code !== 'key_reused') return pause
    if (error.status >= 500 || error.status === 408 || error.status === 401) return pause
    return null
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.sleepers.add(wake)
    })
  }
}
