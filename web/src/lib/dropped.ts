/// Files that the shell of the app took, because its webview gives a page none: they are dropped as in a browser.

import type { Desktop, Told } from './shell'

export async function dropFiles({ files, x, y }: Extract<Told, { kind: 'dropped' }>, desktop: Desktop): Promise<void> {
  // Before the files are read: by then another chat may be shown at this place.
  const places = withAncestors(document.elementFromPoint(x, y))
  const dataTransfer = new DataTransfer()
  for (const { id, name, type } of files) dataTransfer.items.add(new File([await desktop.dropped(id)], name, { type }))
  const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer })
  // The message under the pointer may have been drawn anew meanwhile; the chat around it is the same.
  places.find((place) => place.isConnected)?.dispatchEvent(drop)
}

function withAncestors(element: Element | null): Element[] {
  return element ? [element, ...withAncestors(element.parentElement)] : []
}
