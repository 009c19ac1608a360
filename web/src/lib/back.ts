/// Lets the browser's back button close the top layer (a dialog) instead of leaving the page. While a layer is open
/// there is one more entry in the history. An embedded chat leaves the history of its host alone.

import { createContext, useContext, useEffect, useEffectEvent } from 'react'

/// Whether this page is ours.
export const OwnsHistory = createContext(false)

let layers = 0
/// The layer that was closed just now and whose entry is still there.
let closing: { layer: number; timer: ReturnType<typeof setTimeout> } | null = null

const top = () => (history.state as { layer?: number } | null)?.layer

export function useBackCloses(onBack: () => void): void {
  const owns = useContext(OwnsHistory)
  const close = useEffectEvent(onBack)
  useEffect(() => {
    if (!owns) return
    const layer = ++layers
    if (closing && top() === closing.layer) {
      // One dialog replaces another: it takes over the entry.
      clearTimeout(closing.timer)
      history.replaceState({ layer }, '')
    } else history.pushState({ layer }, '')
    closing = null
    const popped = () => {
      if ((top() ?? 0) < layer) close()
    }
    addEventListener('popstate', popped)
    return () => {
      removeEventListener('popstate', popped)
      if (top() !== layer) return
      const timer = setTimeout(() => {
        closing = null
        if (top() === layer) history.back()
      })
      closing = { layer, timer }
    }
  }, [owns])
}
