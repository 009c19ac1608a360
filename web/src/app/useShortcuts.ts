/// Global keyboard shortcuts. Letters are matched by key code, so that they work in every layout.

import { useEffect } from 'react'

export function useShortcuts(active: boolean, onSwitch: () => void, onEscape: (() => void) | null): void {
  useEffect(() => {
    if (!active) return
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.code === 'KeyK') {
        event.preventDefault()
        onSwitch()
      }
      const busy = document.querySelector('dialog[open], :popover-open')
      if (event.key === 'Escape' && !event.defaultPrevented && !busy) onEscape?.()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [active, onSwitch, onEscape])
}
