import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ME, person } from '@/api/fixtures'
import { keys } from '@/api/keys'
import type { User } from '@/api/types'
import { setShell, shell, type Desktop } from '@/lib/shell'
import { button, click, fill, named, Refusal, render, serve, until, type Answers } from '@/testing/render'
import { Administration } from './Administration'
import { Data } from './Data'
import { Privacy } from './Privacy'
import { Security } from './Security'
import { Settings } from './Settings'
import { Tokens } from './Tokens'

const me: User = { ...person(ME, 'Айгуль'), username: 'aigul', email: 'a@example.org', is_admin: false, hides_presence: false, hides_reading: false }
const session = (id: number, current: boolean) => ({ id, device: `Browser ${id}`, address: '10.0.0.1', created_at: '2024-03-26T10:00:00', last_used_at: '2024-03-26T10:00:00', current })

const answers: Answers = {
  'GET /sessions': () => [session(1, true), session(2, false)],
  'GET /tokens': () => [],
  'GET /users/me/blocked': () => [{ user: person(7, 'Надоеда'), blocked_at: '2024-03-26T10:00:00' }],
  'GET /users/me/quota': () => ({ used: 1_500_000, limit: 3_000_000 }),
}

beforeEach(() => vi.stubGlobal('location', new URL('http://localhost/')))
afterEach(() => setShell(null))

test('the pages of the settings are buttons, the open one is marked, and administration is for administrators', async () => {
  serve(answers)
  await render(<Settings me={me} start="security" onClose={() => undefined} />)
  await click(button('Приватность'))
  expect(button('Приватность').getAttribute('aria-current')).toBe('page')
  expect(() => button('Администрирование')).toThrow()
  // A page that is longer than the window is scrolled by keys, also where nothing in it takes the focus.
  expect(document.querySelector<HTMLElement>('section[aria-label="Приватность"]')!.tabIndex).toBe(0)
  await render(<Settings me={{ ...me, is_admin: true }} start="privacy" onClose={() => undefined} />, { language: 'en' })
  expect(button('Administration')).toBeTruthy()
})

test('the profile is saved, an empty field is cleared, and a taken name is said in the reader\'s language', async () => {
  let taken = false
  const calls = serve({ ...answers, 'PUT /users/me': (form: object) => (taken ? new Refusal(409, 'taken', 'username is taken') : { ...me, ...form }) })
  const { cache } = await render(<Settings me={me} start="profile" onClose={() => undefined} />)
  await fill(named('input', 'Имя'), 'Айгуль С.')
  await fill(named('textarea', 'О себе'), '  ')
  await click(button('Сохранить'))
  expect(calls.at(-1)).toMatchObject({ method: 'PUT', path: '/users/me', body: { display_name: 'Айгуль С.', username: 'aigul', about: null } })
  expect(cache.getQueryData<User>(keys.me)?.display_name).toBe('Айгуль С.')
  taken = true
  await click(button('Сохранить'))
  expect(document.querySelector('[role=alert]')?.textContent).toBe('Уже занято')
})

test('a wrong current password is explained, a right one empties the form', async () => {
  let right = false
  const calls = serve({ ...answers, 'PUT /users/me/password': () => (right ? undefined : new Refusal(400, 'invalid', 'old_password: is wrong')) })
  await render(<Security me={me} />)
  const old = named<HTMLInputElement>('input', 'Текущий пароль')
  await fill(old, 'guess')
  await fill(named('input', 'Новый пароль'), 'long enough')
  await click(button('Сменить пароль'))
  expect(document.querySelector('[role=alert]')?.textContent).toBe('Неверный пароль')
  right = true
  await click(button('Сменить пароль'))
  expect(calls.at(-1)?.body).toEqual({ old_password: 'guess', new_password: 'long enough' })
  expect(old.value).toBe('')
})

test('an administrator sees what the server holds, and that its backup failed', async () => {
  const backup = { started_at: '2024-03-26T10:00:00', finished_at: '2024-03-26T10:01:00', place: '/backups', name: '', bytes: 0, failure: 'No space left' }
  serve({
    'GET /admin/users': [],
    'GET /admin/status': { version: '1.2.3', sockets: 4, posts_waiting: 0, scheduled_overdue: 0, scheduled_lag_ms: 0, search_pending: 0, search_lag_ms: 0, database_bytes: 2_500_000, storage_bytes: 1_000, disk_free_bytes: null, last_backup: null, last_verified_backup_at: null, backups: [backup], warnings: [] },
  })
  const { page } = await render(<Administration me={{ ...me, is_admin: true }} />)
  await until(() => expect(page.textContent).toContain('1.2.3'))
  expect(page.textContent).toContain('2,5 МБ')
  expect(page.textContent).toContain('Последняя резервная копияне было')
  expect(page.textContent).not.toContain('Свободно на диске')
  expect(page.textContent).toContain('No space left')
})

test('another session is ended by name; the current one cannot be', async () => {
  const calls = serve(answers)
  await render(<Security me={me} />)
  expect(() => button('Завершить сеанс: Browser 1')).toThrow()
  await click(button('Завершить сеанс: Browser 2'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'DELETE', path: '/sessions/2', body: undefined }))
})

test('a new token is shown once, with the rights that were chosen', async () => {
  const calls = serve({ ...answers, 'POST /tokens': () => ({ token: 'bsk_secret', id: 1, name: 'CI', scopes: ['read'], created_at: '2024-03-26T10:00:00' }) })
  await render(<Tokens />, { language: 'en' })
  await click(button('New token'))
  await fill(named('input', 'Name'), 'CI')
  await click(named('input', 'write'))
  await click(button('Create token'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: '/tokens', body: { name: 'CI', scopes: ['read'], expires_in_days: 90 } }))
  expect(document.querySelector('code')?.textContent).toBe('bsk_secret')
})

test('hiding one\'s presence is a switch, and a blocked person can be let in again', async () => {
  const calls = serve({ ...answers, 'PUT /users/me': (form: object) => ({ ...me, ...form }) })
  await render(<Privacy me={me} />)
  const shown = named<HTMLInputElement>('input[role=switch]', 'Показывать, когда я в сети')
  expect(shown.checked).toBe(true)
  await click(shown)
  expect(calls).toContainEqual(expect.objectContaining({ method: 'PUT', path: '/users/me', body: { hides_presence: true } }))
  await click(button('Разблокировать: Надоеда'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'DELETE', path: '/users/me/blocked/7', body: undefined }))
})

test('an account is deleted only after a question and with the password', async () => {
  const calls = serve({ ...answers, 'POST /users/me/deletion': () => new Refusal(400, 'invalid', 'password: is wrong') })
  await render(<Data />)
  expect(document.body.textContent).toContain('Файлы занимают 1,5 МБ из 3 МБ')
  await click(button('Удалить учётную запись'))
  const [, confirm] = [...document.querySelectorAll('button')].filter((one) => one.textContent === 'Удалить учётную запись')
  await click(confirm!)
  expect(calls.some(({ path }) => path === '/users/me/deletion')).toBe(false)
  await click(named('input', 'Удалить и все мои сообщения с файлами'))
  await fill(named('input', 'Пароль'), 'wrong')
  await click(confirm!)
  expect(calls.at(-1)?.body).toEqual({ password: 'wrong', messages: 'delete' })
  expect(document.querySelector('[role=alert]')?.textContent).toBe('Неверный пароль')
})

test('an administrator deactivates an account after a question, and not their own', async () => {
  const account = (id: number, name: string) => ({ id, display_name: name, is_admin: id === ME, created_at: '2024-03-26T10:00:00' })
  const calls = serve({ 'GET /admin/users': () => [account(ME, 'Айгуль'), account(2, 'Пётр')] })
  await render(<Administration me={{ ...me, is_admin: true }} />)
  expect(() => button('Отключить: Айгуль')).toThrow()
  await click(button('Отключить: Пётр'))
  expect(calls.some(({ method }) => method === 'POST')).toBe(false)
  await click(button('Отключить'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: '/admin/users/2/deactivate', body: undefined }))
})

test('the export is a page of the browser, and a file that the app saves', async () => {
  const url = `${location.origin}/api/v1/users/me/export?ticket=abc`
  serve({ ...answers, 'POST /users/me/export': () => ({ url, expires_at: '2024-03-26T10:00:00' }) })
  const assign = vi.fn()
  vi.stubGlobal('location', Object.assign(new URL('http://localhost/'), { assign }))
  await render(<Data />)
  await click(button('Скачать архив'))
  expect(assign).toHaveBeenCalledWith(url)
  const save = vi.fn(async () => true)
  setShell({ ...shell(), address: (address) => `besedka-server:${address}`, desktop: { save } as unknown as Desktop })
  await click(button('Скачать архив'))
  expect(save).toHaveBeenCalledWith('besedka.zip', `besedka-server:${url}`)
  expect(assign).toHaveBeenCalledTimes(1)
})
