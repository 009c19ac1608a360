import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, axe, close, device, field, gone, open, PASSWORD, register, shot, signUp, talkTo, visit } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

const nav = (page) => page.getByRole('navigation', { name: 'Чаты' })

async function signIn(page, login, password = PASSWORD) {
  await page.getByLabel('Почта или имя пользователя').fill(login)
  await page.getByLabel('Пароль', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Войти' }).click()
}

test('somebody signs up, leaves and comes back', async () => {
  const context = await device()
  const { page, login } = await signUp(context, 'Вера Орлова')
  await page.getByRole('button', { name: /Профиль: Вера/ }).click()
  await page.getByRole('button', { name: 'Выйти' }).click()
  await page.getByRole('button', { name: 'Войти' }).waitFor()
  await signIn(page, login, 'wrong password')
  await page.getByRole('alert').filter({ hasText: 'Неверный' }).waitFor()
  await signIn(page, login)
  await nav(page).waitFor()
  await context.close()
})

test('a reload keeps the session, and a second tab shares it', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Глеб Титов')
  await page.reload()
  await nav(page).waitFor()
  const second = await visit(context)
  await nav(second).waitFor()
  await Promise.all([page.reload(), second.reload()])
  await Promise.all([nav(page).waitFor(), nav(second).waitFor()])
  await context.close()
})

test('signing out in one tab signs out the other', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Дина Лаптева')
  const second = await visit(context)
  await nav(second).waitFor()
  await page.getByRole('button', { name: /Профиль/ }).click()
  await page.getByRole('button', { name: 'Выйти' }).click()
  await second.getByRole('button', { name: 'Войти' }).waitFor()
  await second.getByText('Вы вышли в другой вкладке').waitFor()
  assert.equal(await page.getByRole('status').filter({ hasText: 'Сеанс' }).count(), 0)
  await context.close()
})

test('a session that was ended says why, and after signing in the draft is in its chat', async () => {
  const [here, there] = await Promise.all([device(), device()])
  const { page, login } = await signUp(here, 'Кира Мельник')
  const { display_name: name } = await register(`Лев ${login.slice(0, 12)}`)
  await talkTo(page, name)
  const address = page.url()
  const other = await visit(there)
  await signIn(other, login)
  await nav(other).waitFor()
  // It does not get to the server: the session ends at once.
  await page.route('**/draft', (route) => route.abort())
  await field(page).fill('Не потеряйте это')
  await other.getByRole('button', { name: /Профиль/ }).click()
  await other.getByRole('button', { name: 'Безопасность' }).click()
  await other.getByRole('button', { name: /Завершить сеанс/ }).click()
  await page.getByRole('status').filter({ hasText: 'с другого устройства' }).waitFor()
  await page.getByText('Черновики и неотправленные сообщения сохранены').waitFor()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'session-ended')
  await page.setViewportSize({ width: 360, height: 640 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot(page, 'session-ended-phone-dark')
  await page.setViewportSize({ width: 1280, height: 800 })
  await signIn(page, login)
  await page.getByRole('heading', { level: 1, name }).waitFor()
  assert.equal(page.url(), address)
  assert.equal(await field(page).inputValue(), 'Не потеряйте это')
  await Promise.all([here.close(), there.close()])
})

test('an expired session is not taken for one that was ended', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Майя Осипова')
  // An expired cookie is one that the browser does not send.
  await context.clearCookies()
  await page.reload()
  await page.getByRole('status').filter({ hasText: 'Срок сеанса истёк' }).waitFor()
  await context.close()
})

test('a device that is signed out from another one is out at once', async () => {
  const [here, there] = await Promise.all([device(), device()])
  const { page, login } = await signUp(here, 'Инна Павлова')
  const lost = await visit(there)
  await signIn(lost, login)
  await nav(lost).waitFor()
  await page.getByRole('button', { name: /Профиль/ }).click()
  await page.getByRole('button', { name: 'Безопасность' }).click()
  await page.getByRole('button', { name: /Завершить сеанс/ }).click()
  await lost.getByRole('button', { name: 'Войти' }).waitFor()
  await gone(page.getByRole('button', { name: /Завершить сеанс/ }))
  await nav(page).waitFor()
  await Promise.all([here.close(), there.close()])
})

test('no token is left where a script of another day could find it', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Егор Сомов')
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  assert.doesNotMatch(kept, /eyJ|token|refresh/i)
  await context.close()
})

test('the language and the theme are the reader\'s choice, and stay', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Жанна Белова')
  await page.getByRole('button', { name: /Профиль/ }).click()
  await page.getByRole('button', { name: 'Оформление и язык' }).click()
  await page.getByRole('radio', { name: 'Тёмная' }).check()
  await page.getByRole('radio', { name: 'English' }).click()
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  await page.reload()
  await page.getByRole('navigation', { name: 'Chats' }).waitFor()
  assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), ['en', 'dark'])
  await context.close()
})

test('an English browser is greeted in English', async () => {
  const context = await device({ locale: 'en-GB' })
  const page = await visit(context)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await context.close()
})

test('the page opens without a network, once it was here', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Зоя Миронова')
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await nav(page).waitFor()
  await context.setOffline(true)
  await page.reload()
  // With a copy of the chats, or without one if none was kept yet.
  const away = page.getByText(/^Сервер (недоступен|не отвечает)/).first()
  await away.waitFor()
  await context.setOffline(false)
  await gone(away)
  await nav(page).waitFor()
  await context.close()
})
