import { expect, test } from 'vitest'
import { decode, previewOf } from './preview'

const file = (filename: string, content_type: string) => ({ filename, content_type })

test('texts and PDF files can be looked at, pages and programs cannot', () => {
  expect(previewOf(file('a.pdf', 'application/pdf'))).toBe('pdf')
  expect(previewOf(file('a.txt', 'text/plain; charset=utf-8'))).toBe('text')
  expect(previewOf(file('a.json', 'application/json'))).toBe('text')
  expect(previewOf(file('notes.md', 'application/octet-stream'))).toBe('text')
  expect(previewOf(file('a.html', 'text/html'))).toBeNull()
  expect(previewOf(file('a.pdf', 'application/octet-stream'))).toBeNull()
  expect(previewOf(file('a.svg', 'image/svg+xml'))).toBeNull()
  expect(previewOf(file('a.zip', 'application/zip'))).toBeNull()
})

test('a text is read in its encoding, also where its last letter is cut', () => {
  const utf8 = new TextEncoder().encode('Беседка')
  expect(decode(utf8)).toBe('Беседка')
  expect(decode(utf8.slice(0, -1))).toBe('Беседк')
  expect(decode(new Uint8Array([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]))).toBe('Привет')
  expect(decode(new Uint8Array([0xff, 0xfe, 0x1f, 0x04, 0x3e, 0x04]))).toBe('По')
  expect(decode(new Uint8Array())).toBe('')
})
