/// From "somebody was signed in here" to a page that hears the server.

import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import { goLive } from '@/api/live'
import { startOutbox } from '@/api/outbox'
import { keys } from '@/api/keys'
import type { User } from '@/api/types'

const AGAIN_MS = 5_000

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
    goLive(cache).then((stop) => {
      if (over) return stop()
      stops = [stop, startOutbox(cache, cache.getQueryData<User>(keys.me)!.id)]
      setReady(true)
      setFailed(false)
    }).catch(() => {
      // A refused session has changed the state already, and this component is gone.
      if (over) return
      setFailed(true)
      again = setTimeout(retry, AGAIN_MS)
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
