import { expect, test } from 'vitest'
import { button, click, render, serve } from '@/testing/render'
import { cacheOf, CHAT, message } from './fixtures'
import type { History } from './history'
import { keys } from './keys'
import { useHistory } from './queries'

function Chat() {
  const { history, loadNewest } = useHistory(CHAT)
  return <><p>{history?.items.map(({ id }) => id).join()}</p><button type="button" onClick={() => void loadNewest()}>newest</button></>
}

test('the newest messages that are kept are shown without asking for them', async () => {
  const calls = serve({})
  const cache = cacheOf({})
  cache.setQueryData<History>(keys.history(CHAT), { items: [message(1)], hasOlder: false, hasNewer: true, newest: [message(8), message(9)] })
  const { page } = await render(<Chat />, { cache })
  await click(button('newest'))
  expect(page.textContent).toContain('8,9')
  expect(cache.getQueryData(keys.history(CHAT))).toMatchObject({ hasOlder: true, hasNewer: false })
  expect(calls).toEqual([])
})
