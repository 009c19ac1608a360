import { act } from 'react'
import { afterEach, expect, test } from 'vitest'
import { cacheOf } from '@/api/fixtures'
import { Session, type EndReason } from '@/api/session'
import { button, click, fill, Refusal, render, serve, until } from '@/testing/render'
import { EarlierAccess } from './EarlierAccess'
import { SignIn } from './SignIn'

const said = () => document.querySelector('[role=status]')?.textContent?.trim()

afterEach(() => localStorage.clear())

test('the sign-in page says why the session ended, and what is kept', async () => {
  serve({ 'POST /auth/refresh': { access_token: 'a', token_type: 'bearer', expires_in: 900 } })
  const session = new Session(cacheOf())
  const { texts } = await render(<SignIn session={session} />)
  expect(said()).toBeUndefined()
  const endings: [EndReason, string, boolean][] = [
    ['revoked', 'с другого устройства', true], ['expired', 'Срок сеанса истёк', true], ['password_changed', 'пароль изменён', true],
    ['deactivated', 'учётная запись отключена', false], ['deleted', 'удалена', false], ['other_tab', 'в другой вкладке', false],
  ]
  for (const [reason, text, kept] of endings) {
    await act(async () => { await session.refresh() })
    await act(async () => session.end(reason))
    expect(said()).toContain(text)
    expect(said()?.includes(texts.t('session.kept'))).toBe(kept)
  }
})

test('an invitation says to which group it leads before anybody signs in', async () => {
  history.replaceState(null, '', '/join/abc')
  serve({ 'GET /invites/abc/preview': { chat: { id: 7, title: 'Garden', avatar_url: null, member_count: 2, is_member: false }, expires_at: null } })
  const { texts } = await render(<SignIn session={new Session(cacheOf())} />)
  expect(said()).toBe(`${texts.t('session.invited')}Garden`)
  history.replaceState(null, '', '/')
})

test('where registration needs a proved address, a code is sent and asked for', async () => {
  const asked: unknown[] = []
  serve({
    'POST /auth/register': (body: { email_code?: string }) => {
      asked.push(body.email_code)
      return body.email_code ? { user: { id: 1 }, tokens: { access_token: 'a', token_type: 'bearer', expires_in: 900 } } : new Refusal(400, 'invalid', 'email_code: is required')
    },
    'POST /auth/codes': { expires_in: 600 },
  })
  const { page, texts } = await render(<SignIn session={new Session(cacheOf())} />)
  await act(async () => [...page.querySelectorAll('button')].find((button) => button.textContent === texts.t('session.join'))!.click())
  const write = (name: string, text: string) => fill(page.querySelector<HTMLInputElement>(`[name=${name}]`)!, text)
  const submit = () => act(async () => page.querySelector('form')!.requestSubmit())
  await write('name', 'Ann')
  await write('login', 'ann@example.com')
  await write('password', 'password123')
  await submit()
  await until(() => expect(said()).toBe(texts.t('session.code.sent', { address: 'ann@example.com' })))
  await write('code', '123 456')
  await submit()
  await until(() => expect(asked).toEqual([undefined, '123456']))
})

test('whoever first proves an address may end the access that was there before', async () => {
  const user = { id: 1, display_name: 'Айгуль', is_admin: false }
  const calls = serve({ 'POST /auth/codes/login': { user, tokens: { access_token: 'a', token_type: 'bearer', expires_in: 900 }, earlier_access: 'Others may have access' } })
  const session = new Session(cacheOf())
  await session.signInByCode({ email: 'a@example.org', code: '123456' })
  expect(session.earlierAccess()).toBe(true)
  await render(<EarlierAccess session={session} />)
  await click(button('Завершить'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'DELETE', path: '/users/me/earlier-access' }))
  expect(session.earlierAccess()).toBe(false)
})
