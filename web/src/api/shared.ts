/// One live connection and one outbox for each query cache, however many components use them.

import type { QueryClient } from '@tanstack/react-query'
import { perKey } from '@/lib/perKey'
import { keys } from './keys'
import { connectLive } from './live'
import { startOutbox } from './outbox'
import type { User } from './types'

const RETRY_MS = 5_000

/// Whether the first connection was made; later interruptions are the socket's affair.
export interface Readiness {
  ready: boolean
  error: Error | null
}

class Shared {
  state: Readiness = { ready: false, error: null }
  retry = () => undefined as void
  private users = 0
  private stop = () => undefined as void
  private readonly listeners = new Set<() => void>()

  constructor(private readonly cache: QueryClient) {}

  /// Starts the connection with the first user and stops it after the last.
  readonly use = (listener: () => void) => {
    this.listeners.add(listener)
    if (++this.users === 1) this.start()
    return () => {
      this.listeners.delete(listener)
      if (--this.users === 0) this.stop()
    }
  }

  private set(state: Readiness): void {
    this.state = state
    for (const listener of [...this.listeners]) listener()
  }

  private start(): void {
    let over = false
    let again: ReturnType<typeof setTimeout> | undefined
    let stops: (() => void)[] = []
    const attempt = () => {
      clearTimeout(again)
      if (over || stops.length > 0) return
      connectLive(this.cache).then((stop) => {
        if (over) return stop()
        stops = [stop, startOutbox(this.cache, this.cache.getQueryData<User>(keys.me)!.id)]
        this.set({ ready: true, error: null })
      }).catch((error: unknown) => {
        // A refused session has changed the page already.
        if (over) return
        this.set({ ready: false, error: error instanceof Error ? error : new Error(String(error)) })
        again = setTimeout(attempt, RETRY_MS)
      })
    }
    this.retry = attempt
    addEventListener('online', attempt)
    this.stop = () => {
      over = true
      clearTimeout(again)
      removeEventListener('online', attempt)
      for (const stop of stops) stop()
      this.state = { ready: false, error: null }
    }
    attempt()
  }
}

export const sharedOf = perKey((cache: QueryClient) => new Shared(cache))
