/// What the desktop app and the page tell each other: who is signed in, and what a link or a notification opens.

import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { toast } from 'sonner'
import { meQuery } from '@/api/queries'
import type { SessionState } from '@/api/session'
import { go } from '@/lib/route'
import { shell } from '@/lib/shell'

export function useDesktop(state: SessionState): void {
  const { data: me } = useQuery({ ...meQuery, enabled: false })
  const name = state === 'in' ? me?.display_name : null
  useEffect(() => {
    void shell().desktop?.listen((told) => (told.kind === 'open' ? go(told.path) : void toast(told.text, { duration: 15_000 })))
  }, [])
  useEffect(() => {
    // Unknown until the session is.
    if (state !== 'unknown' && name !== undefined) void shell().desktop?.setName(name).catch(() => undefined)
    if (state === 'out') void shell().desktop?.setBadge(0).catch(() => undefined)
  }, [state, name])
}
