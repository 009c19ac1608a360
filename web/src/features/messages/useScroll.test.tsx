import { act, useLayoutEffect, useReducer } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { message } from '@/api/fixtures'
import '@/testing/render'
import { rowsOf } from './rows'
import { useScroll } from './useScroll'

/// A list that is at one of its ends, and draws itself anew when it moves, as the real one does.
const list = vi.hoisted(() => ({ at: 'start', moves: 0, redraw: () => undefined as void }))

vi.mock('@tanstack/react-virtual', () => {
  const go = (to: string) => {
    if (list.at === to) return
    list.at = to
    list.moves += 1
    list.redraw()
  }
  const virtualizer = {
    range: { startIndex: 10, endIndex: 20 },
    itemSizeCache: new Map(),
    isAtEnd: () => list.at === 'end',
    scrollToIndex: () => go('start'),
    scrollToEnd: () => go('end'),
  }
  return { useVirtualizer: () => virtualizer }
})

const messages = Array.from({ length: 30 }, (_, n) => message(n + 1))
const pages = { hasOlder: false, hasNewer: false, loadOlder: async () => undefined, loadNewer: async () => undefined, loadNewest: async () => undefined }
let scroll: Omit<ReturnType<typeof useScroll>, 'ref'>

function Chat() {
  const [, redraw] = useReducer((n: number) => n + 1, 0)
  // While a chat opens, its messages and its members arrive, and its rows are made anew.
  const { ref, ...rest } = useScroll(rowsOf(messages, [], 0, 1), 0, pages, null)
  useLayoutEffect(() => {
    list.redraw = redraw
    scroll = rest
  })
  return <div ref={ref} />
}

let page: HTMLElement
let unmount: () => Promise<void>

beforeEach(async () => {
  vi.useFakeTimers()
  Object.assign(list, { at: 'middle', moves: 0 })
  page = document.createElement('div')
  const root = createRoot(page)
  unmount = () => act(async () => root.unmount())
  await act(async () => root.render(<Chat />))
})

afterEach(async () => {
  await unmount()
  vi.useRealTimers()
})

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms))

test('a chat opens at the first unread message', async () => {
  expect(list.at).toBe('start')
  expect(scroll.settled).toBe(false)
  await pass(200)
  expect(list.at).toBe('start')
  expect(scroll.settled).toBe(true)
})

test('whoever goes to the end while a chat opens stays there', async () => {
  await act(() => scroll.toEnd())
  await pass(1_000)
  expect(list.at).toBe('end')
  expect(scroll.settled).toBe(true)
  expect(list.moves).toBe(2)
})

test('whoever scrolls while a chat opens is not pulled back', async () => {
  await act(async () => { page.firstElementChild!.dispatchEvent(new Event('wheel')) })
  await act(async () => { list.at = 'elsewhere'; list.redraw() })
  await pass(1_000)
  expect(list.at).toBe('elsewhere')
  expect(scroll.settled).toBe(true)
})
