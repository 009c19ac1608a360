import { afterEach, expect, test, vi } from 'vitest'
import { dropFiles } from './dropped'
import type { Desktop } from './shell'

afterEach(() => vi.unstubAllGlobals())

test('what the shell took is dropped where it was let go, with its names, types and bytes', async () => {
  // jsdom has neither.
  class Transfer {
    files: File[] = []
    items = { add: (file: File) => this.files.push(file) }
  }
  class Drag extends Event {
    dataTransfer: Transfer
    constructor(kind: string, { dataTransfer, ...init }: EventInit & { dataTransfer: Transfer }) {
      super(kind, init)
      this.dataTransfer = dataTransfer
    }
  }
  vi.stubGlobal('DataTransfer', Transfer)
  vi.stubGlobal('DragEvent', Drag)
  const field = document.body.appendChild(document.createElement('div'))
  const at = vi.fn(() => field)
  document.elementFromPoint = at
  const dropped: File[] = []
  document.body.addEventListener('drop', (event) => dropped.push(...(event as unknown as Drag).dataTransfer.files))
  const bytes = (id: number) => Promise.resolve(new TextEncoder().encode(`bytes of ${id}`).buffer as ArrayBuffer)
  const files = [{ id: 4, name: 'план.txt', type: 'text/plain' }, { id: 5, name: 'b', type: '' }]
  await dropFiles({ kind: 'dropped', files, x: 10, y: 20 }, { dropped: bytes } as unknown as Desktop)
  expect(at).toHaveBeenCalledWith(10, 20)
  expect(dropped.map(({ name, type }) => [name, type])).toEqual([['план.txt', 'text/plain'], ['b', '']])
  expect(await Promise.all(dropped.map((file) => file.text()))).toEqual(['bytes of 4', 'bytes of 5'])
})
