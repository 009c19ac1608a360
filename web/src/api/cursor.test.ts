import { expect, test } from 'vitest'
import { Cursor } from './cursor'

test('a cursor keeps the furthest of each stream', () => {
  const cursor = new Cursor('c10-4.u1-2')
  cursor.take('c10-5')
  cursor.take('c10-3')
  cursor.take('c11-1')
  expect(cursor.toString()).toBe('c10-5.u1-2.c11-1')
})

test('it knows what was heard', () => {
  const cursor = new Cursor('c10-4')
  expect(cursor.has('c10-4')).toBe(true)
  expect(cursor.has('c10-5')).toBe(false)
  expect(cursor.has('c12-1')).toBe(false)
})

test('what it cannot read does not hurt', () => {
  expect(new Cursor('..-.x.c1-2').toString()).toBe('c1-2')
})
