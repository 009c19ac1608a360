import { act, useState } from 'react'
import { expect, test, vi } from 'vitest'
import { syncPush } from '@/api/push'
import { setNotifyChoices } from '@/lib/notify'
import { click, render, settle } from '@/testing/render'
import { usePush } from './usePush'

vi.mock('@/api/push', () => ({ syncPush: vi.fn(async () => undefined) }))

test('the permission is read when it may have changed, not at each drawing', async () => {
  let allowed = 'default'
  const read = vi.fn(() => allowed)
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('Notification', class { static get permission() { return read() } })
  function Page() {
    const [count, setCount] = useState(0)
    usePush()
    return <button type="button" onClick={() => setCount(count + 1)}>{count}</button>
  }
  const { page } = await render(<Page />)
  await settle()
  const [reads, syncs] = [read.mock.calls.length, vi.mocked(syncPush).mock.calls.length]
  for (let time = 0; time < 5; time++) await click(page.querySelector('button')!)
  expect(page.textContent).toBe('5')
  expect(read).toHaveBeenCalledTimes(reads)
  // Allowed in the settings of the browser.
  allowed = 'granted'
  await act(async () => window.dispatchEvent(new Event('focus')))
  expect(syncPush).toHaveBeenCalledTimes(syncs + 1)
  await act(async () => window.dispatchEvent(new Event('focus')))
  expect(syncPush).toHaveBeenCalledTimes(syncs + 1)
  await act(async () => setNotifyChoices({ askedAt: 5 }))
  expect(syncPush).toHaveBeenCalledTimes(syncs + 2)
})
