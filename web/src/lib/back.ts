/// Lets the browser's and the phone's "back" close the topmost dialog or panel instead of leaving the page. However many
/// are open, they have one entry of the browser's history. An embedded chat leaves the history of its host alone.

import { createContext, useContext, useEffect, useEffectEvent } from 'react'

/// Whether this page is ours.
export const OwnsHistory = createContext(false)

const layers: (() => void)[] = []
let leaving: ReturnType<typeof setTimeout> | undefined

export const isLayer = () => (history.state as { layer?: boolean } | null)?.layer === true

/// A layer is open as long as the component is there; "back" calls `onBack`.
export function useBackCloses(onBack: () => void): void {
  const owns = useContext(OwnsHistory)
  const close = useEffectEvent(onBack)
  useEffect(() => {
    if (owns) return openLayer(() => close())
  }, [owns])
}

/// Opens a layer of a page of ours; returns what is to be called when it is gone.
export function openLayer(close: () => void): () => void {
  clearTimeout(leaving)
  if (layers.length === 0) addEventListener('popstate', popped)
  layers.push(close)
  if (!isLayer()) history.pushState({ layer: true }, '')
  return () => {
    layers.splice(layers.lastIndexOf(close), 1)
    if (layers.length === 0) removeEventListener('popstate', popped)
    clearTimeout(leaving)
    // Later: one dialog may give way to another.
    leaving = setTimeout(() => {
      if (layers.length === 0 && isLayer()) leave()
    })
  }
}

/// Drops the entry of the layers. The browser does so later: what is opened meanwhile is no part of it.
function leave(): void {
  addEventListener('popstate', () => {
    if (layers.length > 0 && !isLayer()) history.pushState({ layer: true }, '')
  }, { once: true })
  history.back()
}

function popped(): void {
  const close = layers.at(-1)
  if (!close || isLayer()) return
  if (layers.length > 1) history.pushState({ layer: true }, '')
  close()
}
