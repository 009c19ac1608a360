import { act } from 'react'
import { expect, test } from 'vitest'
import { CHAT, chat } from '@/api/fixtures'
import { named, render, serve } from '@/testing/render'
import { SharedSettings } from './OwnSettings'

test('in a private chat either person decides how long new messages are kept', async () => {
  const calls = serve({ [`PATCH /chats/${CHAT}`]: (form: object) => chat({ kind: 'private', ...form }) })
  await render(<SharedSettings chat={chat({ kind: 'private', message_life: 300 })} />)
  const life = named<HTMLSelectElement>('select', 'Хранить новые сообщения')
  expect([...life.options].map(({ text }) => text)).toEqual(['Всегда', '5 минут', '1 час', '1 день', '7 дней', '30 дней', '365 дней'])
  await act(async () => {
    life.value = '3600'
    life.dispatchEvent(new Event('change', { bubbles: true }))
  })
  expect(calls).toContainEqual(expect.objectContaining({ method: 'PATCH', path: `/chats/${CHAT}`, body: { message_life: 3600 } }))
})
