import { act } from 'react'
import { afterEach, expect, test } from 'vitest'
import { cacheOf } from '@/api/fixtures'
import { Session, type EndReason } from '@/api/session'
import { render, serve } from '@/testing/render'
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
