import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { button, click, fill, render } from '@/testing/render'

const send = vi.hoisted(() => vi.fn())
vi.mock('@/api/outbox', () => ({ send }))

import { PollMaker } from './PollMaker'

test('a poll needs a question and two different answers', async () => {
  const close = vi.fn()
  const { page } = await render(<PollMaker chat={10} onClose={close} />, { language: 'en' })
  const [question, first, second] = page.querySelectorAll<HTMLInputElement>('form input')
  await fill(question!, 'When?')
  await fill(first!, 'Monday')
  await fill(second!, 'Monday')
  expect(page.querySelector('[role=alert]')).not.toBeNull()
  expect(button('Create poll', page).disabled).toBe(true)
  await fill(second!, ' Tuesday ')
  await click(page.querySelectorAll('[role=switch]')[0]!)
  await click(button('Create poll', page))
  expect(send).toHaveBeenCalledWith(expect.anything(), { chat_id: 10, type: 'poll', content: 'When?', payload: { options: ['Monday', 'Tuesday'], multiple: true, anonymous: false }, thread_id: undefined })
  expect(close).toHaveBeenCalled()
})
