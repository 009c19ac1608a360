/// Shows a message wherever it is in the history, and lights it up for a moment.

import { useEffect, useEffectEvent, useState } from 'react'
import { toast } from 'sonner'
import { useT } from '@/lib/i18n'
import type { Row } from './rows'

const LIT_MS = 2_500

/// A new object each time, so that the same message can be shown again.
export interface Target {
  message: number
  time: number
}

interface Ports {
  target: Target | null
  rows: Row[]
  ready: boolean
  loadAround: (id: number) => Promise<void>
  show: (index: number) => void
}

export function useJump({ target, rows, ready, loadAround, show }: Ports): number | null {
  const t = useT()
  const [loaded, setLoaded] = useState<Target | null>(null)

  const load = useEffectEvent((wanted: Target, isOver: () => boolean) => {
    loadAround(wanted.message).then(() => {
      if (!isOver()) setLoaded(wanted)
    }).catch(() => {
      if (!isOver()) toast.error(t('history.not_found'))
    })
  })
  useEffect(() => {
    if (!target || !ready) return
    let over = false
    load(target, () => over)
    return () => { over = true }
  }, [target, ready])

  const reveal = useEffectEvent((wanted: Target) => {
    const index = rows.findIndex((row) => row.message.id === wanted.message)
    if (index >= 0) show(index)
  })
  useEffect(() => {
    if (!loaded) return
    reveal(loaded)
    const timer = setTimeout(() => setLoaded(null), LIT_MS)
    return () => clearTimeout(timer)
  }, [loaded])
  return loaded?.message ?? null
}
