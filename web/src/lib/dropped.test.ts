import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dropFiles } from './dropped'
import type { Desktop } from './shell'

// The environment of the tests has neither.
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

/// A place that takes what is dropped on it or on what is inside.
class Zone {
  readonly element = document.body.appendChild(document.createElement('div'))
  readonly inner = this.element.appendChild(document.createElement('p'))
  readonly files: File[] = []
  constructor() {
    this.element.addEventListener('drop', (event) => this.files.push(...(event as unknown as Drag).dataTransfer.files))
  }
  get got() {
    return Promise.all(this.files.map(async (file) => [file.name, file.type, await file.text()]))
  }
}

/// A shell that gives the bytes of a file when the test says so.
function slowShell() {
  const asked = new Map<number, () => void>()
  const dropped = (id: number) => new Promise<ArrayBuffer>((resolve) => {
    asked.set(id, () => resolve(new TextEncoder().encode(`bytes of ${id}`).buffer as ArrayBuffer))
  })
  const give = async (id: number) => {
    await vi.waitFor(() => expect(asked.has(id)).toBe(true))
    asked.get(id)!()
  }
  return { desktop: { dropped } as unknown as Desktop, give }
}

let left: Zone
let right: Zone
/// What is at each place now.
let shown: Zone[] = []
const at = vi.fn((x: number, y: number): Element | null => (y < 0 ? null : shown[x]?.inner ?? null))

const drop = (x: number, ids: number[], desktop: Desktop) =>
  dropFiles({ kind: 'dropped', files: ids.map((id) => ({ id, name: `${id}.txt`, type: 'text/plain' })), x, y: 20 }, desktop)

beforeEach(() => {
  vi.stubGlobal('DataTransfer', Transfer)
  vi.stubGlobal('DragEvent', Drag)
  document.elementFromPoint = at
  left = new Zone()
  right = new Zone()
  shown = [left, right]
})
afterEach(() => {
  vi.unstubAllGlobals()
  at.mockClear()
  document.body.replaceChildren()
})

test('what the shell took is dropped where it was let go, with its names, types and bytes', async () => {
  const bytes = (id: number) => Promise.resolve(new TextEncoder().encode(`bytes of ${id}`).buffer as ArrayBuffer)
  const files = [{ id: 4, name: 'план.txt', type: 'text/plain' }, { id: 5, name: 'b', type: '' }]
  await dropFiles({ kind: 'dropped', files, x: 0, y: 20 }, { dropped: bytes } as unknown as Desktop)
  expect(at).toHaveBeenCalledWith(0, 20)
  expect(await left.got).toEqual([['план.txt', 'text/plain', 'bytes of 4'], ['b', '', 'bytes of 5']])
})

test('of two drops that overlap, each brings its own files to its own place', async () => {
  const { desktop, give } = slowShell()
  const first = drop(0, [1, 2], desktop)
  const second = drop(1, [3], desktop)
  for (const id of [3, 1, 2]) await give(id)
  await Promise.all([first, second])
  expect(await left.got).toEqual([['1.txt', 'text/plain', 'bytes of 1'], ['2.txt', 'text/plain', 'bytes of 2']])
  expect(await right.got).toEqual([['3.txt', 'text/plain', 'bytes of 3']])
})

test('what is shown there by the time the files are read does not get them', async () => {
  const { desktop, give } = slowShell()
  const done = drop(0, [1], desktop)
  // Another chat comes in the place of the first.
  left.element.remove()
  shown = [right]
  await give(1)
  await done
  expect([left.files, right.files]).toEqual([[], []])
})

test('a message that is drawn anew under the pointer does not lose the files', async () => {
  const { desktop, give } = slowShell()
  const done = drop(0, [1], desktop)
  left.inner.remove()
  await give(1)
  await done
  expect(await left.got).toEqual([['1.txt', 'text/plain', 'bytes of 1']])
})

test('files that were let go outside of the page are dropped nowhere', async () => {
  const { desktop, give } = slowShell()
  const done = dropFiles({ kind: 'dropped', files: [{ id: 1, name: 'a', type: '' }], x: 0, y: -1 }, desktop)
  await give(1)
  await done
  expect([left.files, right.files]).toEqual([[], []])
})
