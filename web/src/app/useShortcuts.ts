/// Global keyboard shortcuts. Letters are matched by key code, so that they work in every layout.

import { useEffect, useEffectEvent } from 'react'

export interface Shortcuts {
  onSwitch: () => void
  onSearch: (everywhere: boolean) => void
  onHelp: () => void
  /// To the next chat of the list, or the previous one.
  onStep: (step: 1 | -1) => void
  onEscape: (() => void) | null
}

/// Where the page is not ours, its keys are not either.
export function useShortcuts(active: boolean, { onSwitch, onSearch, onHelp, onStep, onEscape }: Shortcuts): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    const busy = document.querySelector('dialog[open], :popover-open:not([data-notices])')
    const mod = (event.ctrlKey || event.metaKey) && !event.altKey
    const then = (work: () => void) => { event.preventDefault(); work() }
    if (mod && !event.shiftKey && event.code === 'KeyK') return then(onSwitch)
    if (event.defaultPrevented || busy) return
    if (mod && event.code === 'KeyF') return then(() => onSearch(event.shiftKey))
    if (mod && (event.code === 'Slash' || event.key === '/')) return then(onHelp)
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.key === 'ArrowDown') return then(() => onStep(1))
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.key === 'ArrowUp') return then(() => onStep(-1))
    if (event.key === 'Escape') onEscape?.()
  })
  useEffect(() => {
    if (!active) return
    const onKeyDown = (event: KeyboardEvent) => pressed(event)
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [active])
}
