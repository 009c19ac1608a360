/// Starts the live connection and the outbox for a signed-in user.

import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import { connectLive } from '@/api/live'
import { startOutbox } from '@/api/outbox'
import { keys } from '@/api/keys'
import type { User } from '@/api/types'

const RETRY_MS = 5_000

export function useSession() {
  const cache = useQueryClient()
  const [ready, setReady] = useState(false)
  const [failed, setFailed] = useState(false)
  const [tries, setTries] = useState(0)
  const retry = useCallback(() => setTries((count) => count + 1), [])

  useEffect(() => {
    let over = false
    let stops: (() => void)[] = []
    let again: ReturnType<typeof setTimeout> | undefined
    connectLive(cache).then((stop) => {
      if (over) return stop()
      stops = [stop, startOutbox(cache, cache.getQueryData<User>(keys.me)!.id)]
      setReady(true)
      setFailed(false)
    }).catch(() => {
      // A refused session has changed the state already, and this component is gone.
      if (over) return
      setFailed(true)
      again = setTimeout(retry, RETRY_MS)
      addEventListener('online', retry, { once: true })
    })
    return () => {
      over = true
      clearTimeout(again)
      removeEventListener('online', retry)
      for (const stop of stops) stop()
    }
  }, [cache, tries, retry])

  return { ready, failed, retry }
}
