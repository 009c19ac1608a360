import { act, createElement } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import { DropZone } from '@/features/composer/DropZone'
import { setShell, type Desktop } from '@/lib/shell'
import { button, render, serve, settle } from '@/testing/render'
import { useDragOut } from './dragOut'
import type { Attachment } from './types'

const FILE: Attachment = {
  id: 'a', filename: 'Смета: итог.pdf', content_type: 'application/pdf', size: 10, created_at: '', has_thumbnail: false,
}
const LINK = '/api/v1/attachments/a?signature=x'

function File({ file }: { file: Attachment }) {
  const drag = useDragOut(file)
  return createElement('button', { type: 'button', ...drag }, file.filename)
}

const dropped: string[][] = []
const show = async (file = FILE) => {
  const calls = serve({ 'GET /attachments/a/info': { ...FILE, url: LINK } })
  const onFiles = (files: { name: string }[]) => dropped.push(files.map(({ name }) => name))
  await render(createElement(DropZone, { onFiles, children: [createElement(File, { file, key: 1 }), createElement('textarea', { key: 2 })] }))
  return { calls, handle: button(file.filename) }
}

/// As much of a DataTransfer as is asked for.
class Data {
  readonly kept = new Map<string, string>()
  files: { name: string }[] = []
  effectAllowed = 'uninitialized'
  dropEffect = 'copy'
  constructor(kept: Record<string, string> = {}) {
    for (const [type, text] of Object.entries(kept)) this.kept.set(type, text)
  }
  get types() { return [...this.kept.keys(), ...(this.files.length > 0 ? ['Files'] : [])] }
  setData(type: string, text: string) { this.kept.set(type, text) }
  clearData() { this.kept.clear() }
}

/// Whether the browser goes on.
async function send(target: Element, kind: string, more: object): Promise<boolean> {
  const event = Object.assign(new Event(kind, { bubbles: true, cancelable: true }), more)
  let goesOn = true
  await act(async () => { goesOn = target.dispatchEvent(event) })
  return goesOn
}
/// React hears of a pointer that comes by where it comes from.
const hover = async (target: Element, pointerType = 'mouse') => {
  await send(target, 'pointerover', { pointerType, relatedTarget: null })
  await settle()
}

afterEach(() => {
  setShell(null)
  vi.useRealTimers()
  dropped.length = 0
})

test('a drag carries a link by which the browser downloads the file under its name', async () => {
  const { calls, handle } = await show()
  expect(calls).toEqual([])
  await hover(handle)
  expect(calls.map(({ path }) => path)).toEqual(['/attachments/a/info'])
  // What the browser would drag of a picture or a link.
  const data = new Data({ 'text/html': '<img src="blob:x">' })
  expect(await send(handle, 'dragstart', { dataTransfer: data })).toBe(true)
  const url = new URL(LINK, location.href).href
  expect(data.kept.get('DownloadURL')).toBe(`application/pdf:Смета_ итог.pdf:${url}`)
  expect(data.kept.get('text/uri-list')).toBe(url)
  expect(data.types).not.toContain('text/html')
  expect(data.effectAllowed).toBe('copy')
  await hover(handle)
  expect(calls).toHaveLength(1)
})

test('without a link that is valid nothing is dragged', async () => {
  const { handle } = await show()
  expect(await send(handle, 'dragstart', { dataTransfer: new Data() })).toBe(false)
  await hover(handle)
  expect(await send(handle, 'dragstart', { dataTransfer: new Data() })).toBe(true)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 })
  expect(await send(handle, 'dragstart', { dataTransfer: new Data() })).toBe(false)
})

test('by touch a long press is not a drag, and no link is asked for', async () => {
  const { calls, handle } = await show()
  await hover(handle, 'touch')
  await send(handle, 'pointerdown', { pointerType: 'touch' })
  expect([handle.draggable, calls]).toEqual([false, []])
  await send(handle, 'pointerdown', { pointerType: 'mouse' })
  expect(handle.draggable).toBe(true)
  await send(handle, 'pointerdown', { pointerType: 'touch' })
  expect(handle.draggable).toBe(false)
})

test('a file that is still uploading cannot be dragged', async () => {
  const { handle } = await show({ ...FILE, id: '' })
  await send(handle, 'pointerdown', { pointerType: 'mouse' })
  expect(handle.draggable).not.toBe(true)
})

test('what was dragged from the conversation is not uploaded again, nor its link written into the field', async () => {
  const { handle } = await show()
  await hover(handle)
  const data = new Data()
  await send(handle, 'dragstart', { dataTransfer: data })
  data.files = [{ name: 'own.pdf' }]
  const field = document.querySelector('textarea')!
  await send(field, 'dragenter', { dataTransfer: data })
  expect(document.body.textContent).not.toContain('Отпустите')
  expect(await send(field, 'dragover', { dataTransfer: data })).toBe(false)
  expect(data.dropEffect).toBe('none')
  expect(await send(field, 'drop', { dataTransfer: data })).toBe(false)
  expect(dropped).toEqual([])
  const other = new Data()
  other.files = [{ name: 'other.pdf' }]
  expect(await send(field, 'dragover', { dataTransfer: other })).toBe(false)
  expect(other.dropEffect).toBe('copy')
  await send(field, 'drop', { dataTransfer: other })
  expect(dropped).toEqual([['other.pdf']])
})

test('in the app nothing is dragged, and no link is asked for', async () => {
  const { calls, handle } = await show()
  setShell({ requests: 'besedka-server://localhost', site: '', language: null, added: {}, address: (url) => url, desktop: {} as Desktop })
  await hover(handle)
  expect(await send(handle, 'dragstart', { dataTransfer: new Data() })).toBe(false)
  expect(calls).toEqual([])
})
