import { expect, test, vi } from 'vitest'
import { chat, message, ME, person } from '@/api/fixtures'
import { asMessage, type Entry } from '@/api/outbox'
import type { Attachment, Message } from '@/api/types'
import { button, click, render, serve, until } from '@/testing/render'
import { Content } from './Content'
import { MessagesProvider, type MessagesContext } from './context'
import { Unsent } from './Unsent'

vi.hoisted(() => { URL.createObjectURL = (() => { let n = 0; return () => `blob:${++n}` })() })

const context: MessagesContext = {
  chat: chat(), me: { ...person(ME), is_admin: false, hides_presence: false, hides_reading: false }, members: [], onAction: () => undefined, onJump: () => undefined,
}
const file = (id: string, content_type: string): Attachment =>
  ({ id, filename: `${id}.${content_type.split('/')[1]}`, content_type, size: 10, created_at: '', has_thumbnail: content_type.startsWith('image/') })
const show = (shown: Message, entry: Entry | null = null) =>
  render(<MessagesProvider value={context}><Content message={shown} entry={entry} me={ME} />{entry && <Unsent entry={entry} />}</MessagesProvider>)

test('pictures of one message are a mosaic, and its other files can be downloaded', async () => {
  serve({ 'GET /attachments/a/thumbnail': {}, 'GET /attachments/c/thumbnail': {}, 'GET /attachments/a': {} })
  const { page } = await show(message(1, { type: 'file', content: 'Отчёт', attachments: [file('a', 'image/png'), file('b', 'text/plain'), file('c', 'image/jpeg')] }))
  expect([...page.querySelectorAll('[data-rest] button')].map((one) => one.getAttribute('aria-label'))).toEqual(['Открыть: a.png', 'Открыть: c.jpeg'])
  expect(page.textContent).toContain('b.plain')
  await click(button('Открыть: a.png'))
  await until(() => expect(page.querySelector('dialog')?.getAttribute('aria-label')).toBe('a.png'))
})

test('what is unsent shows its local pictures, and the file that was refused with a way on without it', async () => {
  const files = ['a', 'b'].map((name) => ({ blob: new Blob([name]), name: `${name}.png`, type: 'image/png' }))
  const entry: Entry = {
    client_id: '1', user_id: ME, chat_id: 10, created_at: 1, type: 'image', content: null, payload: null, files, state: 'failed', error: 'too_large', refused_file: 1,
  }
  const { page } = await show(asMessage(entry), entry)
  expect(page.querySelectorAll('[data-rest] img')).toHaveLength(2)
  expect(page.querySelector('[role=status] span')?.textContent).toContain('b.png: ')
  expect(button('Без этого файла')).toBeTruthy()
})
