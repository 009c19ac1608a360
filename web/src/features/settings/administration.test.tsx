import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { applyEvents } from '@/api/events'
import { ME, person } from '@/api/fixtures'
import type { User } from '@/api/types'
import { setShell, shell, type Desktop } from '@/lib/shell'
import { button, click, fill, named, Refusal, render, serve, until } from '@/testing/render'
import { Administration } from './Administration'
import { AuditLog } from './AuditLog'
import { Doctor } from './Doctor'
import { Reports } from './Reports'
import { Settings } from './Settings'
import { Storage } from './Storage'

const me: User = { ...person(ME, 'Айгуль'), username: 'aigul', email: 'a@example.org', is_admin: true, hides_presence: false, hides_reading: false }
const at = '2024-03-26T10:00:00'
const somebody = (id: number, name: string) => ({ id, username: name, display_name: name })
const account = { id: 2, display_name: 'Пётр', is_admin: false, created_at: at }

beforeEach(() => vi.stubGlobal('location', new URL('http://localhost/')))
afterEach(() => setShell(null))

test('an administrator reads what was reported and closes it with a note', async () => {
  const report = {
    id: 5, created_at: at, reason: 'spam', comment: 'третий раз', reporter: somebody(3, 'Бек'), user: somebody(2, 'Пётр'),
    message: { id: 9, chat_id: 1, chat_title: 'Сад', type: 'text', text: 'Купите сейчас', sent_at: at },
    state: 'open', closed_at: null, closed_by: null, note: null,
  }
  const calls = serve({ 'GET /admin/reports': () => [report], 'POST /admin/reports/5/resolve': () => undefined })
  const { page } = await render(<Reports />)
  await until(() => expect(page.textContent).toContain('Купите сейчас'))
  expect(page.textContent).toContain('Спам · Пётр')
  expect(page.textContent).toContain('третий раз')
  await fill(named('textarea', 'Заметка'), 'поговорили')
  await click(button('Меры приняты'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: '/admin/reports/5/resolve', body: { note: 'поговорили' } }))
})

test('the server is examined when an administrator asks, the worst first and with the lines to add', async () => {
  const finding = (check: string, severity: string, advice: object[] = []) => ({ check, severity, summary: `about ${check}`, advice })
  const calls = serve({
    'GET /admin/doctor': () => ({
      status: 'error',
      findings: [
        finding('database', 'ok'), finding('backup', 'warning'),
        finding('upload-limit', 'error', [{ program: 'nginx', lines: 'client_max_body_size 101m;' }, { program: 'Caddy', lines: 'request_body' }]),
      ],
    }),
  })
  const { page } = await render(<Doctor />)
  expect(calls).toEqual([])
  await click(button('Проверить'))
  await until(() => expect(page.querySelector('[role=status]')?.textContent).toBe('Есть ошибки'))
  expect([...page.querySelectorAll('li b')].map((one) => one.textContent)).toEqual(['upload-limit', 'backup', 'database'])
  const [first] = page.querySelectorAll('li')
  expect(first!.textContent).toContain('Ошибка')
  expect([...first!.querySelectorAll('summary')].map((one) => one.textContent)).toEqual(['Строки для nginx', 'Строки для Caddy'])
  expect(first!.querySelector('pre')?.textContent).toBe('client_max_body_size 101m;')
})

test('an examination that another administrator has begun is refused in words', async () => {
  serve({ 'GET /admin/doctor': () => new Refusal(409, 'conflict', 'The server is being examined already') })
  const { page } = await render(<Doctor />)
  await click(button('Проверить'))
  await until(() => expect(page.querySelector('[role=alert]')?.textContent).not.toBe(''))
})

test('the page of storage says who stores how much of everything', async () => {
  serve({
    'GET /admin/status': () => ({ storage_bytes: 4_000_000, database_bytes: 1_000_000, disk_free_bytes: null, open_reports: 0 }),
    'GET /admin/storage': () => [
      { user_id: 2, username: 'petr', display_name: 'Пётр', bytes: 3_000_000 },
      { user_id: 3, username: null, display_name: 'Бек', bytes: 1_000_000 },
    ],
  })
  const { page } = await render(<Storage />)
  await until(() => expect(page.querySelectorAll('li')).toHaveLength(2))
  await until(() => expect(page.querySelector('li')?.textContent).toMatch(/Пётр@petr · 75\s?% всех файлов3\s?МБ/))
})

test('open reports are counted beside their page, and as they come', async () => {
  serve({ 'GET /admin/status': () => ({ open_reports: 2 }), 'GET /users/me': () => me })
  const { cache } = await render(<Settings me={me} onClose={() => undefined} />)
  await until(() => expect(button('Жалобы2')).toBeTruthy())
  applyEvents(cache, [{ event: 'reports.updated', data: { open: 3 }, position: '1-1' }])
  await until(() => expect(button('Жалобы3')).toBeTruthy())
  applyEvents(cache, [{ event: 'reports.updated', data: { open: 0 }, position: '1-2' }])
  await until(() => expect(button('Жалобы')).toBeTruthy())
})

test('the audit log says who did what, and an unknown action finds nothing', async () => {
  const entry = {
    id: 7, at, action: 'account.deactivate', actor: { type: 'operator', id: null, name: null }, target: { type: 'user', id: 2, name: 'petr' },
    address: null, details: {},
  }
  let known = true
  serve({ 'GET /admin/audit': () => (known ? [entry] : new Refusal(400, 'invalid', 'action: must be one of')) })
  const { page } = await render(<AuditLog />, { language: 'en' })
  await until(() => expect(page.textContent).toContain('account.deactivate · command on the server'))
  expect(page.textContent).toContain('user petr')
  known = false
  await fill(named('input', 'Action, such as account.deactivate'), 'account.dance')
  await until(() => expect(page.querySelector('[role=status]')?.textContent).toBe('Nothing found'))
})

test('the app asks where to save the audit log, as it does for files', async () => {
  serve({ 'GET /admin/audit': () => [], 'GET /admin/audit/export': () => 'id,at\n' })
  const saveText = vi.fn(async () => true)
  setShell({ ...shell(), desktop: { saveText } as unknown as Desktop })
  await render(<AuditLog />, { language: 'en' })
  await click(button('Download CSV'))
  await until(() => expect(saveText).toHaveBeenCalledWith('besedka-audit.csv', expect.stringContaining('id,at')))
})

test('who may register is chosen, unless the command line says it', async () => {
  let setting = { registration: 'open', is_fixed: false, sends_mail: false }
  const calls = serve({ 'GET /admin/users': () => [], 'GET /admin/registration': () => setting, 'PUT /admin/registration': () => { setting = { ...setting, registration: 'closed', is_fixed: true } } })
  await render(<Administration me={me} />)
  await until(() => expect(named<HTMLSelectElement>('select', 'Кто может зарегистрироваться').options).toHaveLength(3))
  const select = named<HTMLSelectElement>('select', 'Кто может зарегистрироваться')
  select.value = 'closed'
  select.dispatchEvent(new Event('change', { bubbles: true }))
  await until(() => expect(calls).toContainEqual(expect.objectContaining({ method: 'PUT', path: '/admin/registration', body: { registration: 'closed' } })))
  await until(() => expect(named<HTMLSelectElement>('select', 'Кто может зарегистрироваться').disabled).toBe(true))
})

test('a password is reset after a question and shown once', async () => {
  const session = { id: 4, device: 'Browser 4', address: '10.0.0.1', created_at: at, last_used_at: at, current: false }
  const calls = serve({
    'GET /admin/users': () => [account],
    'GET /admin/users/2/sessions': () => [session],
    'POST /admin/users/2/password': () => ({ password: 'new-secret' }),
    'DELETE /admin/users/2/sessions/4': () => undefined,
  })
  await render(<Administration me={me} />)
  await click(button('Сеансы и пароль: Пётр'))
  await click(button('Завершить сеанс: Browser 4'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'DELETE', path: '/admin/users/2/sessions/4' }))
  await click(button('Сбросить пароль'))
  expect(calls.some(({ method }) => method === 'POST')).toBe(false)
  const [, confirm] = [...document.querySelectorAll('button')].filter((one) => one.textContent === 'Сбросить пароль')
  await click(confirm!)
  await until(() => expect(document.querySelector('code')?.textContent).toBe('new-secret'))
})
