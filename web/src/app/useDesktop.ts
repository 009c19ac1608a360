/// What the desktop app and the page tell each other: who is signed in, and what a link or a notification opens.

import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { toast } from 'sonner'
import { meQuery } from '@/api/queries'
import type { SessionState } from '@/api/session'
import { dropFiles } from '@/lib/dropped'
import { go } from '@/lib/route'
import { shell } from '@/lib/shell'

export function useDesktop(state: SessionState): void {
  const { data: me } = useQuery({ ...meQuery, enabled: false })
  const name = state === 'in' ? me?.display_name : null
  useEffect(() => {
    const { desktop } = shell()
    void desktop?.listen((told) => {
      if (told.kind === 'open') go(told.path)
      else if (told.kind === 'note') toast(told.text, { duration: 15_000 })
      // The shell says in words what went wrong.
      else void dropFiles(told, desktop).catch((reason: unknown) => toast.error(String(reason)))
    })
  }, [])
  useEffect(() => {
    // Unknown until the session is.
    if (state !== 'unknown' && name !== undefined) void shell().desktop?.setName(name).catch(() => undefined)
    if (state === 'out') void shell().desktop?.setBadge(0).catch(() => undefined)
  }, [state, name])
}
