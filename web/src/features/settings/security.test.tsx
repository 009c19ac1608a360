import { expect, test } from 'vitest'
import { ME, person } from '@/api/fixtures'
import { keys } from '@/api/keys'
import type { User } from '@/api/types'
import { button, click, fill, named, Refusal, render, serve, type Answers } from '@/testing/render'
import { Security } from './Security'

const me: User = { ...person(ME, 'Айгуль'), username: 'aigul', email: 'a@example.org', is_admin: false, hides_presence: false, hides_reading: false }
const answers: Answers = { 'GET /sessions': [], 'GET /tokens': [] }

test('a new password ends personal tokens, but those that are kept by choice', async () => {
  const calls = serve({ ...answers, 'GET /tokens': [{ id: 5, name: 'CI', scopes: ['read'], created_at: '2024-03-26T10:00:00' }, { id: 6, name: 'Бот', scopes: ['read'], created_at: '2024-03-26T10:00:00' }] })
  await render(<Security me={me} />)
  await fill(named('input', 'Текущий пароль'), 'old enough')
  await fill(named('input', 'Новый пароль'), 'long enough')
  await click(named('input', 'Бот'))
  await click(button('Сменить пароль'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'PUT', path: '/users/me/password', body: { old_password: 'old enough', new_password: 'long enough', keep_tokens: [6] } }))
})

test('another address needs the password, and the code that was sent to it', async () => {
  let known = ''
  const calls = serve({
    ...answers,
    'PUT /users/me': ({ email, password, email_code }: { email: string; password?: string; email_code?: string }) => {
      if (email_code) return { ...me, email }
      known = password ?? ''
      return password === 'right one' ? { ...me, pending_email: email } : new Refusal(400, 'invalid', 'password: is wrong')
    },
  })
  const { cache } = await render(<Security me={me} />)
  const save = () => click(button('Сохранить', document.querySelector('form[aria-label="Вход по коду"]')!))
  expect(button('Сохранить', document.querySelector('form[aria-label="Вход по коду"]')!).disabled).toBe(true)
  await fill(named('input', 'Почта'), 'b@example.org')
  await fill(named('input', 'Пароль, чтобы сменить почту'), 'guess')
  await save()
  expect(document.querySelector('[role=alert]')?.textContent).toBe('Неверный пароль')
  await fill(named('input', 'Пароль, чтобы сменить почту'), 'right one')
  await save()
  expect(known).toBe('right one')
  expect(cache.getQueryData<User>(keys.me)?.email).not.toBe('b@example.org')
  await fill(named('input', 'Код из сообщения'), '123 456')
  await click(button('Подтвердить'))
  expect(calls.at(-1)?.body).toMatchObject({ email: 'b@example.org', email_code: '123456' })
  expect(cache.getQueryData<User>(keys.me)?.email).toBe('b@example.org')
})
