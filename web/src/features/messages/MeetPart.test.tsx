import { expect, test, vi } from 'vitest'
import { ME, chat, message, person } from '@/api/fixtures'
import type { Payload } from '@/api/types'
import { button, click, render } from '@/testing/render'
import { MessagesProvider } from './context'
import { MeetPart } from './MeetPart'

const me = { ...person(ME), is_admin: false, hides_presence: false, hides_reading: false }

async function show(payload: Payload, onMeet?: () => void) {
  const context = { chat: chat(), me, members: [], onAction: () => undefined, onJump: () => undefined, onMeet }
  return (await render(<MessagesProvider value={context}><MeetPart message={message(1, { payload })} /></MessagesProvider>)).page
}

test('a meeting is joined by its link, which is an address of the web', async () => {
  expect((await show({ meet_url: 'https://meet.example.org/a' })).querySelector('a')?.href).toBe('https://meet.example.org/a')
  expect((await show({ meet_url: 'javascript:alert(1)' })).textContent).toBe('')
})

test('a meeting that the assistant proposes is created by a button, where there can be one', async () => {
  const create = vi.fn()
  await show({ suggest_meet: true }, create)
  await click(button('Создать видеовстречу'))
  expect(create).toHaveBeenCalledOnce()
  expect((await show({ suggest_meet: true })).textContent).toBe('')
})
