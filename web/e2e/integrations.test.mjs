// Programs in chats: webhooks, bots and their commands, with a receiver that listens beside the server.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, axe, bubble, chatRow, close, device, field, gone, history, open, say, shot, signUp, unique, until } from './lib.mjs'

let receiver
let failing = false
const heard = []

before(async () => {
  receiver = createServer((request, answer) => {
    let body = ''
    request.on('data', (part) => { body += part })
    request.on('end', () => {
      heard.push(JSON.parse(body))
      answer.writeHead(failing ? 500 : 204).end()
    })
  })
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  await open()
})
after(async () => {
  await close()
  receiver.close()
})
afterEach(assertWellBehaved)

const address = () => `http://127.0.0.1:${receiver.address().port}/hook`

/// An owner's page with a group.
async function owner() {
  const tag = unique()
  const context = await device()
  const { page, login } = await signUp(context, `Анна ${tag}`)
  const her = await api(login)
  const title = `Сад ${tag}`
  const chat = await her.post('/chats', { title, is_group: true, member_ids: [] })
  await chatRow(page, title).click()
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  return { context, page, her, chat, title, tag }
}

async function webhooks(page) {
  await page.getByRole('button', { name: 'О чате' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Вебхуки', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Вебхуки' })
  await dialog.getByText('Пока ни одного').waitFor()
  return dialog
}

async function shut(page) {
  await page.keyboard.press('Escape')
}

test('an incoming webhook is made, its address shown once, and what is posted to it is a program\'s', async () => {
  const { context, page } = await owner()
  const dialog = await webhooks(page)
  await dialog.getByRole('button', { name: 'Новый вебхук' }).click()
  await dialog.getByLabel('Название').fill('Сборка')
  await dialog.getByRole('button', { name: 'Создать вебхук' }).click()
  const code = dialog.locator('code')
  await code.waitFor()
  const url = await code.textContent()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'webhook-made')
  await dialog.getByRole('button', { name: 'Скопировать адрес' }).click()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url)
  // Where an open dialog does not cover it.
  await page.locator(':popover-open').getByText('Скопировано').waitFor()
  await shot(page, 'webhook-copied')
  const post = async (form) => assert.equal((await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(form) })).status, 200)
  await post({ text: 'Сборка прошла' })
  await post({ text: 'Тесты прошли', username: 'Проверка' })

  // Another address: the first one is not valid any more, and neither is shown again.
  await dialog.getByRole('button', { name: 'Заменить адрес: Сборка' }).click()
  await page.getByRole('button', { name: 'Заменить', exact: true }).click()
  await until(async () => await code.textContent() !== url, 'another address')
  assert.notEqual((await fetch(url, { method: 'POST', body: '{"text":"мимо"}' })).status, 200)
  await shut(page)
  await gone(dialog)
  await page.getByRole('article', { name: 'Сборка' }).filter({ hasText: 'Сборка прошла' }).waitFor()
  const other = page.getByRole('article', { name: 'Проверка' }).filter({ hasText: 'Тесты прошли' })
  await other.getByText('бот', { exact: true }).waitFor()
  await shot(page, 'webhook-messages')
  assert.equal(await history(page).getByText('мимо').count(), 0)

  await page.getByRole('button', { name: 'О чате' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Вебхуки', exact: true }).click()
  await dialog.getByText(/использован/).waitFor()
  assert.equal(await code.count(), 0)
  await dialog.getByRole('button', { name: 'Удалить: Сборка' }).click()
  await page.getByRole('button', { name: 'Удалить вебхук' }).click()
  await dialog.getByText('Пока ни одного').waitFor()
  await context.close()
})

test('what happens in a chat is told to an address, and a failed delivery is seen and sent again', async () => {
  const { context, page, tag } = await owner()
  const dialog = await webhooks(page)
  await dialog.getByRole('radio', { name: 'Исходящие' }).check()
  await dialog.getByRole('button', { name: 'Новый вебхук' }).click()
  await dialog.getByLabel('Название').fill('Учёт')
  await dialog.getByLabel('Адрес').fill(address())
  await shot(page, 'outgoing-new')
  assert.deepEqual(await axe(page), [])
  await dialog.getByRole('button', { name: 'Создать вебхук' }).click()
  await dialog.locator('code').filter({ hasText: 'whsec_' }).waitFor()
  await shut(page)
  await gone(dialog)
  failing = true
  await say(page, `полить розы ${tag}`)
  await until(() => heard.some((one) => JSON.stringify(one).includes(`полить розы ${tag}`)), 'the delivery')
  failing = false

  await page.getByRole('button', { name: 'О чате' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Вебхуки', exact: true }).click()
  await dialog.getByRole('radio', { name: 'Исходящие' }).check()
  await dialog.getByRole('button', { name: /Учёт/ }).click()
  const log = page.getByRole('dialog', { name: 'Учёт' })
  await log.getByText(/Новое сообщение/).waitFor()
  await log.getByText(/HTTP 500/).waitFor()
  await shot(page, 'delivery-failed')
  assert.deepEqual(await axe(page), [])
  const before = heard.length
  await log.getByRole('button', { name: 'Отправить ещё раз' }).click()
  await log.getByText(/Доставлено/).waitFor()
  assert.ok(heard.length > before)
  await log.getByRole('radio', { name: 'Настройки' }).check()
  await log.getByRole('switch', { name: 'Включён' }).click()
  await until(async () => !(await log.getByRole('switch', { name: 'Включён' }).isChecked()), 'it is off')
  await shot(page, 'outgoing-settings')
  assert.deepEqual(await axe(page), [])
  await log.getByRole('button', { name: 'Удалить вебхук' }).click()
  await page.getByRole('dialog', { name: /Удалить вебхук «Учёт»/ }).getByRole('button', { name: 'Удалить вебхук' }).click()
  await dialog.getByText('Пока ни одного').waitFor()
  await context.close()
})

test('a bot is made with a command, joins a group, and hears the command instead of the chat', async () => {
  const { context, page, title, tag } = await owner()
  await page.getByRole('button', { name: /^Профиль: / }).click()
  const settings = page.getByRole('dialog', { name: 'Настройки' })
  await settings.getByRole('navigation').getByRole('button', { name: 'Боты' }).click()
  await settings.getByText('У вас пока нет ботов').waitFor()
  await shot(page, 'bots-none')
  await settings.getByRole('button', { name: 'Новый бот' }).click()
  await settings.getByLabel('Имя бота').fill(`Выкладка ${tag}`)
  await settings.getByLabel('Имя пользователя').fill(`deploy_${tag}`.slice(0, 32))
  await settings.getByRole('button', { name: 'Создать бота' }).click()
  const bot = page.getByRole('dialog', { name: 'Бот', exact: true })
  await bot.getByRole('button', { name: 'Новый токен' }).click()
  await bot.getByRole('form', { name: 'Новый токен' }).getByLabel('Название').fill('Сервер')
  await bot.getByRole('button', { name: 'Создать токен' }).click()
  const token = await bot.locator('code').first().textContent()
  await bot.getByRole('button', { name: 'Заменить токен: Сервер' }).click()
  await until(async () => await bot.locator('code').first().textContent() !== token, 'another token')
  await bot.getByRole('combobox', { name: 'Куда добавить' }).selectOption({ label: title })
  await bot.getByRole('button', { name: 'Добавить в группу' }).click()
  await page.getByText(`Бот добавлен: ${title}`).waitFor()
  await bot.getByRole('button', { name: 'Добавить команду' }).click()
  await bot.getByLabel('Команда', { exact: true }).fill('/Deploy')
  await bot.getByLabel('Описание').fill('Выложить на сервер')
  await bot.getByRole('form', { name: 'Команды' }).getByRole('button', { name: 'Сохранить' }).click()
  await until(async () => await bot.getByLabel('Команда', { exact: true }).inputValue() === 'deploy', 'the command is kept')
  await bot.getByRole('button', { name: 'Новый вебхук' }).click()
  await bot.getByRole('form', { name: 'Новый вебхук' }).getByLabel('Название').fill('Выкладка')
  await bot.getByLabel('Адрес').fill(address())
  await bot.getByRole('button', { name: 'Создать вебхук' }).click()
  await bot.locator('code').filter({ hasText: 'whsec_' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'bot')
  await page.setViewportSize({ width: 390, height: 844 })
  await shot(page, 'bot-narrow')
  await page.setViewportSize({ width: 1280, height: 800 })
  await shut(page)
  await gone(bot)
  await shut(page)
  await gone(settings)

  await field(page).pressSequentially('/dep')
  await page.getByRole('option', { name: /\/deploy.*Выложить на сервер/ }).waitFor()
  await shot(page, 'command-offered')
  await field(page).press('Enter')
  await field(page).pressSequentially('api')
  await field(page).press('Enter')
  await page.getByText('Команда /deploy передана боту').waitFor()
  await until(() => heard.some((one) => JSON.stringify(one).includes('command.invoked')), 'the command')
  assert.equal(await bubble(page, '/deploy').count(), 0)
  await context.close()
})
