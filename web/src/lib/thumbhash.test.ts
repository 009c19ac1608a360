import { expect, test } from 'vitest'
import { thumbhash } from './thumbhash'

/// What the server wrote for a picture of 1200 by 800, red on the left and blue on the right.
const RED_AND_BLUE = '2IYCpaCAioZ3iIiIiIiIiH+I93d4'
/// And for one of 600 by 900, green and yellow.
const UPRIGHT = 'XpsNZRZwiniIiId4iIiIiHCICHeI'

test('a hash holds the colours of a picture, and its shape', () => {
  const { width, height, data } = thumbhash(RED_AND_BLUE)!
  expect([width, height]).toEqual([32, 23])
  const at = (x: number) => [...data.slice((11 * width + x) * 4, (11 * width + x) * 4 + 4)] as [number, number, number, number]
  const [left, right] = [at(2), at(29)]
  expect(left[0]).toBeGreaterThan(180)
  expect(left[2]).toBeLessThan(80)
  expect(right[2]).toBeGreaterThan(180)
  expect(right[0]).toBeLessThan(80)
  expect([left[3], right[3]]).toEqual([255, 255])
  const upright = thumbhash(UPRIGHT)!
  expect(upright.height).toBe(32)
  expect(upright.width).toBeLessThan(28)
})

test('what is no hash draws nothing', () => {
  for (const text of ['', 'AA==', '?', 'A A', '////']) expect(thumbhash(text), text).toBeNull()
  // Cut short: what is missing counts as zero.
  expect(thumbhash(RED_AND_BLUE.slice(0, 8))).not.toBeNull()
})
