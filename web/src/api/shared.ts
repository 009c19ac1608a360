/// One live connection and one outbox for each query cache, however many components use them.

import type { QueryClient } from '@tanstack/react-query'
import { perKey } from '@/lib/perKey'
import type { History } from './history'
import { keys } from './keys'
import { connectLive, isLive, liveStatus, onStatus, OtherAccountError, setAway } from './live'
import { isAway, offlineOf, type OfflineCopy } from './offline'
import { startOutbox } from './outbox'
import type { User } from './types'

const RETRY_MS = 5_000
/// A server that takes longer is not waited for to show what this device kept.
const RESTORE_MS = 3_000

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
    const { cache } = this
    const copy = offlineOf(cache)
    let over = false
    let again: ReturnType<typeof setTimeout> | undefined
    let connected = false
    const stops: (() => void)[] = []
    const stopAll = () => {
      for (const stop of stops.splice(0)) stop()
    }
    const startUser = () => {
      if (stops.length === 0) stops.push(startOutbox(cache, cache.getQueryData<User>(keys.me)!.id))
    }
    /// Shows what this device kept while the server is away.
    const restore = async () => {
      if (!copy || this.state.ready) return
      const restored = await copy.restore(() => !over && !connected && !this.state.ready)
      if (!restored) return
      startUser()
      this.set({ ready: true, error: null })
    }
    const attempt = () => {
      clearTimeout(again)
      if (over || connected) return
      const slow = setTimeout(() => void restore(), RESTORE_MS)
      connectLive(cache).then((stop) => {
        if (over) return stop()
        connected = true
        startUser()
        stops.push(stop, retryFailed(cache), ...(copy ? [keepCopy(cache, copy)] : []))
        this.set({ ready: true, error: null })
      }).catch(async (error: unknown) => {
        // A refused session has changed the page already.
        if (over) return
        if (isAway(error)) {
          if (copy) copy.away = true
          setAway(cache)
          await restore()
        }
        if (over) return
        if (error instanceof OtherAccountError) {
          stopAll()
          this.set({ ready: false, error: null })
          cache.clear()
        } else if (copy?.restoredAt == null) {
          this.set({ ready: false, error: error instanceof Error ? error : new Error(String(error)) })
        }
        again = setTimeout(attempt, error instanceof OtherAccountError ? 0 : RETRY_MS)
      }).finally(() => clearTimeout(slow))
    }
    this.retry = attempt
    addEventListener('online', attempt)
    this.stop = () => {
      over = true
      clearTimeout(again)
      removeEventListener('online', attempt)
      stopAll()
      this.state = { ready: false, error: null }
    }
    attempt()
  }
}

/// What could not be fetched while there was no connection is fetched once there is one.
function retryFailed(cache: QueryClient): () => void {
  return onStatus(cache, () => {
    if (isLive(liveStatus(cache))) void cache.invalidateQueries({ predicate: ({ state }) => state.status === 'error' && isAway(state.error) })
  })
}

/// Saves what is current, and fetches what is not once there is a connection.
function keepCopy(cache: QueryClient, copy: OfflineCopy): () => void {
  const follow = () => {
    copy.away = liveStatus(cache) === 'waiting'
    if (!isLive(liveStatus(cache))) return void copy.left()
    void copy.save()
    const isCopied = (chat: unknown) => cache.getQueryData<History>(keys.history(chat as number))?.copiedAt !== undefined
    void cache.invalidateQueries({ predicate: ({ queryKey: [kind, chat] }) => (kind === 'history' || kind === 'members') && isCopied(chat) })
  }
  const stop = copy.start(() => isLive(liveStatus(cache)))
  const unsubscribe = onStatus(cache, follow)
  follow()
  return () => {
    unsubscribe()
    stop()
  }
}

export const sharedOf = perKey((cache: QueryClient) => new Shared(cache))
