/// Files that the shell of the app took, because its webview gives a page none: they are dropped as in a browser.

import type { Desktop, Told } from './shell'

export async function dropFiles({ files, x, y }: Extract<Told, { kind: 'dropped' }>, desktop: Desktop): Promise<void> {
  const dataTransfer = new DataTransfer()
  for (const { id, name, type } of files) dataTransfer.items.add(new File([await desktop.dropped(id)], name, { type }))
  const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer })
  document.elementFromPoint(x, y)?.dispatchEvent(drop)
}
