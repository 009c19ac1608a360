import { expect, test } from 'vitest'
import { spread, waveform } from './waveform'

test('a recording becomes a fixed number of bars, the loudest at 100', () => {
  const bars = waveform(Array.from({ length: 1000 }, (_, index) => index / 2000))
  expect(bars).toHaveLength(64)
  expect(Math.max(...bars)).toBe(100)
  expect(bars.every((bar) => bar >= 0 && bar <= 100)).toBe(true)
})

test('a short recording has fewer bars; silence stays low', () => {
  expect(waveform([0.5, 1])).toEqual([50, 100])
  expect(waveform([0, 0])).toEqual([0, 0])
})

test('a short recording fills its width as a long one does', () => {
  expect(spread([10, 90], 4)).toEqual([10, 10, 90, 90])
  expect(spread([1, 2, 3, 4], 2)).toEqual([2, 4])
})
