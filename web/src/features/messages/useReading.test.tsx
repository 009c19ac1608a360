import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { Virtualizer } from '@tanstack/react-virtual'
import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, expect, test, vi } from 'vitest'
import { keys } from '@/api/keys'
import { markRead } from '@/api/readMarks'
import type { Chat } from '@/api/types'
import type { Row } from './rows'
import '@/testing/render'
import { useReading } from './useReading'

vi.mock('@/api/readMarks', () => ({ markRead: vi.fn() }))

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

test('nothing is marked read while the messages of a chat are loaded anew', async () => {
  vi.useFakeTimers()
  vi.spyOn(document, 'hasFocus').mockReturnValue(true)
  const cache = new QueryClient()
  const chat = { id: 1, unread_count: 67, last_read_message_id: 3 } as Chat
  const rows = [{ message: { id: 71 } }] as Row[]
  const virtualizer = { range: { startIndex: 0, endIndex: 0 } } as Virtualizer<HTMLDivElement, Element>
  let loaded = (_: null) => {}
  void cache.fetchQuery({ queryKey: keys.history(1), queryFn: () => new Promise<null>((resolve) => (loaded = resolve)) })
  function Reader() {
    useReading(chat, rows, virtualizer, true)
    return null
  }
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  await act(async () => root.render(<QueryClientProvider client={cache}><Reader /></QueryClientProvider>))
  await act(() => vi.advanceTimersByTimeAsync(1_000))
  expect(markRead).not.toHaveBeenCalled()
  await act(async () => {
    loaded(null)
    await vi.advanceTimersByTimeAsync(1_000)
  })
  expect(markRead).toHaveBeenCalledWith(cache, 1, 71)
  await act(async () => root.unmount())
})
