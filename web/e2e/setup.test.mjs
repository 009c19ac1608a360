import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { assertWellBehaved, axe, BASE, close, device, open, PASSWORD, register, shot, unique, visit } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// The link that the server printed at its start; somebody may have registered since, but nobody became administrator.
const link = () => readFileSync(process.env.BESEDKA_SETUP, 'utf8').trim().replace(/^.*(?=\/setup#)/, '')

test('the link of the first start makes the administrator, and works once', { skip: !process.env.BESEDKA_SETUP }, async () => {
  const login = `admin${unique().slice(-8)}`
  const stranger = await register('Первый встречный')
  assert.equal(stranger.is_admin, false)
  const context = await device()
  const wrong = await visit(context, '/setup#19ad0c1f400-wrong')
  await wrong.getByRole('alert').filter({ hasText: 'Ссылка неверна или устарела' }).waitFor()
  await wrong.close()

  const page = await visit(context, link())
  await page.getByLabel('Имя', { exact: true }).fill('Айгуль')
  await page.getByLabel('Почта или имя пользователя').fill(login)
  await page.getByLabel('Пароль', { exact: true }).fill(PASSWORD)
  assert.equal(await page.getByLabel('Кто может зарегистрироваться').count(), 0, 'the command line says who')
  assert.deepEqual(await axe(page), [])
  await shot(page, 'setup')
  await page.getByRole('button', { name: 'Создать учётную запись' }).click()
  await page.getByRole('navigation', { name: 'Чаты' }).waitFor()
  assert.equal(page.url(), `${BASE}/`, 'the token is not in the address any more')
  await page.getByRole('button', { name: /Вы администратор этого сервера/ }).waitFor()
  await context.close()

  const other = await device()
  const again = await visit(other, link())
  await again.getByRole('alert').filter({ hasText: 'уже есть администратор' }).waitFor()
  await other.close()
})
