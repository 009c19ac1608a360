import { act } from 'react'
import { expect, test, vi } from 'vitest'
import { useHas } from '@/api/abilities'
import { cacheOf, CHAT, ME, message } from '@/api/fixtures'
import { announceMessages } from '@/api/live'
import { button, click, fill, named, Refusal, render, serve, until } from '@/testing/render'
import { AskDialog } from './AskDialog'
import { CatchUpDialog } from './CatchUpDialog'

const Has = () => <output>{useHas('assistant') ? 'has' : 'lacks'}</output>

test('a question goes to the assistant, and the dialog closes when the answer begins in the chat', async () => {
  const calls = serve({ 'POST /ai/ask': () => new Promise(() => undefined) })
  const close = vi.fn()
  const cache = cacheOf()
  await render(<AskDialog chat={CHAT} me={ME} onClose={close} />, { cache })
  await fill(named<HTMLTextAreaElement>('textarea', 'Вопрос'), ' Когда встреча? ')
  await click(button('Спросить'))
  expect(calls.at(-1)?.body).toEqual({ chat_id: CHAT, question: 'Когда встреча?' })
  await act(async () => announceMessages(cache, [message(8, { type: 'ai', payload: { asked_by: 99 } })]))
  expect(close).not.toHaveBeenCalled()
  await act(async () => announceMessages(cache, [message(9, { type: 'ai', payload: { asked_by: ME } })]))
  expect(close).toHaveBeenCalled()
})

test('a server without an assistant says so, and is not offered it again', async () => {
  serve({ 'POST /ai/ask': new Refusal(503, 'not_configured') })
  const { page } = await render(<><Has /><AskDialog chat={CHAT} me={ME} onClose={() => undefined} /></>)
  expect(page.querySelector('output')?.textContent).toBe('has')
  await fill(named<HTMLTextAreaElement>('textarea', 'Вопрос'), 'Когда?')
  await click(button('Спросить'))
  expect(page.querySelector('[role=alert]')?.textContent).toBe('На этом сервере это не настроено')
  await until(() => expect(page.querySelector('output')?.textContent).toBe('lacks'))
})

test('what is unread is summed up, and it is said where the messages went', async () => {
  serve({ [`POST /chats/${CHAT}/catch-up`]: { summary: 'Встреча в **четверг**', sent_messages: 3, partial: true, model: 'llama', sent_to: 'ai.example.org' } })
  const { page } = await render(<CatchUpDialog chat={CHAT} onClose={() => undefined} />)
  await until(() => expect(page.querySelector('strong, b')?.textContent).toBe('четверг'))
  expect(page.textContent).toContain('На ai.example.org отправлено 3 сообщения')
  expect(page.textContent).toContain('более ранние')
})
