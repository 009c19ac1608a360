/// Open dialogs and panels, so that the browser's and the phone's "back" closes the topmost instead of leaving.
/// However many are open, they have one entry of the browser's history.

const layers: (() => void)[] = []
let leaving: ReturnType<typeof setTimeout> | undefined

export const isLayer = () => (history.state as { layer?: boolean } | null)?.layer === true

/// Opens a layer; returns what is to be called when it is gone.
export function openLayer(close: () => void): () => void {
  clearTimeout(leaving)
  layers.push(close)
  if (!isLayer()) history.pushState({ layer: true }, '')
  return () => {
    const index = layers.lastIndexOf(close)
    if (index >= 0) layers.splice(index, 1)
    clearTimeout(leaving)
    // Later: one dialog may give way to another.
    leaving = setTimeout(() => {
      if (layers.length === 0 && isLayer()) history.back()
    })
  }
}

addEventListener('popstate', () => {
  const close = layers.at(-1)
  if (!close || isLayer()) return
  if (layers.length > 1) history.pushState({ layer: true }, '')
  close()
})
