/// Keys that work everywhere. Letters are matched by their place, so that they work in every layout.

import { useEffect } from 'react'

export function useShortcuts(onSwitch: () => void, onEscape: (() => void) | null): void {
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.code === 'KeyK') {
        event.preventDefault()
        onSwitch()
      }
      const busy = document.querySelector('dialog[open], :popover-open')
      if (event.key === 'Escape' && !event.defaultPrevented && !busy) onEscape?.()
    }
    addEventListener('keydown', heard)
    return () => removeEventListener('keydown', heard)
  }, [onSwitch, onEscape])
}
