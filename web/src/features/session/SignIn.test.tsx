import { act } from 'react'
import { afterEach, expect, test } from 'vitest'
import { cacheOf } from '@/api/fixtures'
import { Session, type EndReason } from '@/api/session'
import { button, click, render, serve } from '@/testing/render'
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
