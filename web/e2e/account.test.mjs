import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, axe, bubble, chatRow, close, device, gone, notifications, open, PASSWORD, press, register, say, shot, signUp, talkTo, until, visit } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

const PAGES = ['Профиль', 'Оформление и язык', 'Уведомления', 'Приватность', 'Безопасность', 'Данные']
const dialog = (page) => page.getByRole('dialog')

async function settings(page, name) {
  await page.getByRole('button', { name: /^Профиль: / }).click()
  await dialog(page).waitFor()
  if (name) await dialog(page).getByRole('navigation').getByRole('button', { name, exact: true }).click()
}

async function signIn(page, login, password = PASSWORD) {
  await page.locator('input[name=login]').fill(login)
  await page.locator('input[name=password]').fill(password)
  await page.locator('form button[type=submit]').click()
}

/// Whether anything reaches over the side of the window.
const overflows = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth
  || [...document.querySelectorAll('dialog[open], dialog[open] section, main')].some((box) => box.scrollWidth > box.clientWidth + 1))

test('the first start says what to do next', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Новый Человек')
  await page.getByRole('heading', { name: 'Добро пожаловать, Новый Человек!' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await page.getByRole('button', { name: /Заполнить профиль/ }).click()
  await dialog(page).getByLabel('О себе').fill('Садовник')
  await dialog(page).getByRole('button', { name: 'Сохранить' }).click()
  await page.getByText('Сохранено').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /Найти коллегу/ }).click()
  await dialog(page).getByRole('searchbox').waitFor()
  await context.close()
})

test('the language goes with the account to another device', async () => {
  const [here, there] = await Promise.all([device(), device({ locale: 'en-GB' })])
  const { page, login } = await signUp(here, 'Айбек Усенов')
  await settings(page, 'Оформление и язык')
  await page.getByRole('radio', { name: 'Кыргызча' }).click()
  await page.getByRole('heading', { name: 'Жөндөөлөр' }).waitFor()
  const other = await visit(there)
  await other.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await signIn(other, login)
  await other.getByRole('navigation', { name: 'Чаттар' }).waitFor()
  assert.equal(await other.evaluate(() => document.documentElement.lang), 'ky')
  await Promise.all([here.close(), there.close()])
})

test('a changed password signs out the other devices, which say why, and only the new one works', async () => {
  const [here, there] = await Promise.all([device(), device()])
  const { page, login } = await signUp(here, 'Борис Ким')
  const other = await visit(there)
  await signIn(other, login)
  await other.getByRole('navigation', { name: 'Чаты' }).waitFor()
  await settings(page, 'Безопасность')
  const form = dialog(page).getByRole('form', { name: 'Пароль' })
  await form.getByLabel('Текущий пароль').fill('not this one')
  await form.getByLabel('Новый пароль').fill('another long password')
  await form.getByRole('button', { name: 'Сменить пароль' }).click()
  await form.getByRole('alert').filter({ hasText: 'Неверный пароль' }).waitFor()
  await form.getByLabel('Текущий пароль').fill(PASSWORD)
  await form.getByRole('button', { name: 'Сменить пароль' }).click()
  await page.getByText('Пароль изменён').waitFor()
  await other.getByRole('status').filter({ hasText: 'Сеанс завершён' }).waitFor()
  await signIn(other, login)
  await other.getByRole('alert').waitFor()
  await signIn(other, login, 'another long password')
  await other.getByRole('navigation', { name: 'Чаты' }).waitFor()
  await Promise.all([here.close(), there.close()])
})

test('every page of the settings is accessible in each theme and fits a phone', async () => {
  for (const options of [{}, { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }]) {
    const narrow = 'colorScheme' in options
    const context = await device(options)
    const { page } = await signUp(context, 'Вера Орлова')
    await settings(page)
    for (const [index, name] of PAGES.entries()) {
      await dialog(page).getByRole('navigation').getByRole('button', { name, exact: true }).click()
      await dialog(page).getByRole('region', { name, exact: true }).waitFor()
      await shot(page, `settings-${index}-${narrow ? 'phone-dark' : 'desk'}`)
      assert.deepEqual(await axe(page), [], name)
      assert.equal(await overflows(page), false, name)
      if (narrow) await dialog(page).getByRole('button', { name: 'Назад' }).click()
    }
    await context.close()
  }
})

test('forced colours, high contrast, and a page from right to left stay whole', async () => {
  const context = await device({ forcedColors: 'active', reducedMotion: 'reduce' })
  const { page } = await signUp(context, 'Гуля Асанова')
  await settings(page, 'Оформление и язык')
  await shot(page, 'settings-forced-colours')
  await page.emulateMedia({ forcedColors: 'none' })
  await page.getByRole('radio', { name: 'Контрастная' }).check()
  await shot(page, 'settings-contrast')
  assert.deepEqual(await axe(page), [])
  await page.evaluate(() => { document.documentElement.dir = 'rtl' })
  await shot(page, 'settings-rtl')
  assert.equal(await overflows(page), false)
  assert.equal(await page.evaluate(() => Math.max(...document.getAnimations().map((one) => one.effect.getComputedTiming().duration), 0)) <= 1, true)
  await context.close()
})

test('the back button closes a dialog and stays in the messenger', async () => {
  const context = await device()
  const { page } = await signUp(context, 'Дина Лаптева')
  const her = await register('Ева Назадова')
  await talkTo(page, 'Ева Назадова')
  const address = page.url()
  await settings(page)
  await page.goBack()
  await gone(dialog(page))
  assert.equal(page.url(), address)
  // Closed by Esc, a dialog leaves nothing to go back through.
  await settings(page)
  await page.keyboard.press('Escape')
  await gone(dialog(page))
  await until(() => page.evaluate(() => !history.state?.layer), 'the entry of the dialog is gone')
  await page.goBack()
  await page.getByRole('heading', { name: 'Выберите чат' }).waitFor()
  assert.ok(her.id)
  await context.close()
})

test('a message in the background is a notification, and pressing it opens its chat', async () => {
  const context = await device({ permissions: ['notifications'] })
  await context.addInitScript(() => { document.hasFocus = () => false })
  const { page, login } = await signUp(context, 'Жанна Белова')
  const his = await register('Захар Мухин')
  const he = await api(his.login)
  const [me] = await he.get('/users/search?q=' + encodeURIComponent(login))
  const chat = await he.post('/chats/direct', { user_id: me.id })
  await he.post('/messages', { chat_id: chat.id, type: 'text', content: 'Вы здесь?' })
  await until(async () => (await notifications(page)).length === 1, 'a notification')
  assert.deepEqual(await notifications(page), [{ title: 'Захар Мухин', body: 'Вы здесь?' }])
  assert.equal(await page.title(), '(1) Беседка')
  assert.match(await page.locator('link[rel=icon]').getAttribute('href'), /unread/)
  await press(page)
  await bubble(page, 'Вы здесь?').waitFor()
  await until(async () => (await notifications(page)).length === 0, 'it is closed')
  await context.close()
})

test('a member\'s card leads to a private chat, and blocking them is asked first', async () => {
  const context = await device()
  const { page, login } = await signUp(context, 'Илья Громов')
  const her = await register('Кира Светлова')
  const i = await api(login)
  await i.post('/chats', { title: 'Отдел', is_group: true, member_ids: [her.id] })
  await chatRow(page, 'Отдел').click()
  await page.getByRole('button', { name: 'О чате' }).click()
  await dialog(page).getByRole('button', { name: /Кира Светлова/ }).first().click()
  await dialog(page).getByRole('heading', { name: 'Кира Светлова' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'person-card')
  await dialog(page).getByRole('button', { name: 'Заблокировать' }).click()
  await page.getByRole('dialog', { name: /Заблокировать: Кира/ }).getByRole('button', { name: 'Отмена' }).click()
  await dialog(page).getByRole('button', { name: 'Написать' }).click()
  await page.getByRole('heading', { level: 1, name: 'Кира Светлова' }).waitFor()
  await say(page, 'Здравствуйте')
  await context.close()
})
