import { expect, test } from 'vitest'
import { WHOLE, within, zoomAt } from './zoom'

test('what is under the pointer stays under it', () => {
  const point = { x: 120, y: -40 }
  let view = WHOLE
  for (const factor of [1.3, 1.7, 0.9, 1.2]) {
    const before = { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale }
    view = zoomAt(view, factor, point)
    expect((point.x - view.x) / view.scale).toBeCloseTo(before.x)
    expect((point.y - view.y) / view.scale).toBeCloseTo(before.y)
  }
})

test('it is never smaller than the window shows it, nor larger than eight times', () => {
  expect(zoomAt({ scale: 1.5, x: 90, y: 20 }, 0.1, { x: 5, y: 5 })).toEqual(WHOLE)
  expect(zoomAt(WHOLE, 100, { x: 0, y: 0 }).scale).toBe(8)
})

test('a picture cannot be moved out of its window', () => {
  const frame = { width: 1000, height: 800 }
  expect(within({ scale: 2, x: 9000, y: -9000 }, { width: 1000, height: 300 }, frame)).toEqual({ scale: 2, x: 500, y: 0 })
  expect(within({ scale: 4, x: -9000, y: -9000 }, { width: 1000, height: 300 }, frame)).toEqual({ scale: 4, x: -1500, y: -200 })
})
