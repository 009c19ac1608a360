import { act } from 'react'
import { expect, test } from 'vitest'
import { button, click, render, serve, until } from '@/testing/render'
import { applyEvents } from './events'
import { cacheOf, CHAT, ME, message } from './fixtures'
import type { History } from './history'
import { keys } from './keys'
import { useHistory, useOwnVote } from './queries'
import type { Message, Vote } from './types'

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

function OwnVote({ poll }: { poll: Message }) {
  return <p>{useOwnVote(poll, ME).join()}</p>
}

test('after a gap the own vote in a poll that is not anonymous is asked for, once it was known', async () => {
  const options = ['Tea', 'Juice'].map((text) => ({ text, votes: 0, user_ids: [] }))
  const poll = message(3, { type: 'poll', poll: { options, voters: 0, multiple: true, anonymous: false } })
  const calls = serve({ 'GET /messages/3/vote': { message_id: 3, chat_id: CHAT, options: [1] } })
  const cache = cacheOf({})
  cache.setQueryData<Vote>(keys.vote(3), { message_id: 3, chat_id: CHAT, options: [0] })
  const { page } = await render(<OwnVote poll={poll} />, { cache })
  expect(page.textContent).toBe('0')
  expect(calls).toEqual([])
  await act(async () => applyEvents(cache, [{ event: 'gap', data: { chat_id: null } }]))
  await until(() => expect(page.textContent).toBe('1'))
  expect(calls).toHaveLength(1)
})
