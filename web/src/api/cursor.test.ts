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

test('a sequence number is base 36: letters come after digits, and a longer one is greater', () => {
  const ascending = ['1', '9', 'a', 'z', '10', '19', '1a', '1e8', '1e9', '1ea', '1z0', '10000', '1e100']
  const cursor = new Cursor()
  for (const [index, seq] of ascending.entries()) {
    expect(cursor.has(`c1-${seq}`), seq).toBe(false)
    cursor.take(`c1-${seq}`)
    expect(cursor.toString()).toBe(`c1-${seq}`)
    for (const earlier of ascending.slice(0, index)) expect(cursor.has(`c1-${earlier}`), `${earlier} < ${seq}`).toBe(true)
  }
})

test('what the server wrote goes back to it as it was written', () => {
  const text = '38dyhw000-2s.38dyhw01s-a.38dyhw03k-1e9'
  expect(new Cursor(text).toString()).toBe(text)
})

test('a stream may be set back, where its log was lost', () => {
  const cursor = new Cursor('c1-1a.c2-5')
  cursor.set('c1-9')
  expect(cursor.toString()).toBe('c1-9.c2-5')
  expect(cursor.has('c1-a')).toBe(false)
})

test('what it cannot read does not hurt', () => {
  expect(new Cursor('..-.x.c1-2').toString()).toBe('c1-2')
})
