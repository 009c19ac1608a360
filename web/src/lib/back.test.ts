import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isLayer, openLayer } from './back'

/// The browser comes back later, and tells of it.
const arrive = () => {
  history.replaceState(null, '')
  dispatchEvent(new Event('popstate'))
}

beforeEach(() => {
  vi.useFakeTimers()
  history.replaceState(null, '')
})
afterEach(() => vi.useRealTimers())

test('a dialog that is opened while the one before goes back stays, and is closed by the next way back', () => {
  const back = vi.spyOn(history, 'back').mockImplementation(() => undefined)
  const first = openLayer(() => undefined)
  first()
  vi.runAllTimers()
  expect(back).toHaveBeenCalledOnce()
  const close = vi.fn()
  const second = openLayer(close)
  arrive()
  expect(close).not.toHaveBeenCalled()
  expect(isLayer()).toBe(true)
  arrive()
  expect(close).toHaveBeenCalledOnce()
  second()
})

test('a dialog that gives way to another at once does not go back', () => {
  const back = vi.spyOn(history, 'back').mockImplementation(() => undefined)
  const first = openLayer(() => undefined)
  first()
  const second = openLayer(() => undefined)
  vi.runAllTimers()
  expect(back).not.toHaveBeenCalled()
  second()
  vi.runAllTimers()
  expect(back).toHaveBeenCalledOnce()
})
