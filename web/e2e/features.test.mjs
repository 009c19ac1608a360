import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, axe, bubble, chatRow, close, device, field, gone, history, open, register, say, shot, signUp, unique, until } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// A group of two, open in Anna's page; Boris speaks through the API.
async function group() {
  const tag = unique()
  const context = await device()
  const anna = await signUp(context, `Анна ${tag}`)
  const boris = await register(`Борис ${tag}`)
  const [her, his] = [await api(anna.login), await api(boris.login)]
  const title = `Сад ${tag}`
  const chat = await her.post('/chats', { title, is_group: true, member_ids: [boris.id] })
  await chatRow(anna.page, title).click()
  await anna.page.getByRole('heading', { level: 1, name: title }).waitFor()
  return { context, page: anna.page, anna, boris, her, his, chat, title, tag }
}

async function act(page, text, action) {
  await bubble(page, text).first().locator('[data-bubble]').click({ button: 'right', position: { x: 8, y: 8 } })
  await page.getByRole('menuitem', { name: action, exact: true }).click()
}

const send = (who, chat, content) => who.post('/messages', { chat_id: chat.id, type: 'text', content })

test('a message far back is found, shown among its neighbours, and one comes back to the newest', async () => {
  const { context, page, his, chat } = await group()
  await send(his, chat, 'редкое слово абрикос')
  for (let n = 1; n <= 130; n++) await send(his, chat, `слово ${n}.`)
  await page.getByRole('button', { name: 'Поиск в чате' }).click()
  await page.getByRole('searchbox', { name: 'Что найти' }).fill('абрикос')
  await page.getByRole('complementary').locator('mark', { hasText: 'абрикос' }).click()
  await bubble(page, 'абрикос').waitFor()
  await bubble(page, 'слово 1.').waitFor()
  await page.getByRole('button', { name: /^К новым сообщениям/ }).click()
  await bubble(page, 'слово 130.').waitFor()
  await say(page, 'я снова в конце')
  await context.close()
})

test('a mention is completed, and stands out for whom it means', async () => {
  const { context, page, his, chat, boris } = await group()
  await field(page).pressSequentially('@Бор')
  await page.getByRole('option', { name: new RegExp(boris.display_name) }).waitFor()
  await field(page).press('Enter')
  await until(async () => (await field(page).inputValue()).includes(boris.display_name), 'the name in the field')
  await field(page).fill('')
  await send(his, chat, '@all: обед готов')
  await page.getByRole('article', { name: /упоминает вас/ }).filter({ hasText: 'обед готов' }).waitFor()
  await context.close()
})

test('a poll is made, voted in and closed', async () => {
  const { context, page } = await group()
  await page.getByRole('button', { name: 'Прикрепить файл' }).click()
  await page.getByRole('menuitem', { name: 'Опрос' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Вопрос').fill('Когда встречаемся?')
  await dialog.getByLabel('Вариант 1').fill('Утром')
  await dialog.getByLabel('Вариант 2').fill('Вечером')
  await dialog.getByRole('button', { name: 'Создать опрос' }).click()
  await history(page).getByRole('radio', { name: /Вечером/ }).click()
  await history(page).getByText('1 голос').click()
  await page.getByRole('dialog').getByText(/Анна/).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Закрыть' }).click()
  await act(page, 'Когда встречаемся?', 'Завершить опрос')
  await history(page).getByText('Опрос завершён, 1 голос').waitFor()
  await context.close()
})

test('a message is pinned for everybody and unpinned', async () => {
  const { context, page } = await group()
  await say(page, 'важное')
  await act(page, 'важное', 'Закрепить')
  await page.getByRole('button', { name: /Закреплённое сообщение.*важное/ }).waitFor()
  await act(page, 'важное', 'Открепить')
  await gone(page.getByRole('button', { name: /Закреплённое сообщение.*важное/ }))
  await context.close()
})

test('a message is forwarded to another chat', async () => {
  const { context, page, her, boris } = await group()
  await her.post('/chats/direct', { user_id: boris.id })
  await say(page, 'передай дальше')
  await act(page, 'передай дальше', 'Переслать')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: boris.display_name }).click()
  await dialog.getByRole('button', { name: 'Переслать', exact: true }).click()
  await chatRow(page, boris.display_name).click()
  await bubble(page, 'передай дальше').getByText(/Переслано/).waitFor()
  await context.close()
})

test('an invitation leads somebody new into the group', async () => {
  const { context, her, chat, title, tag } = await group()
  const { token } = await her.post(`/chats/${chat.id}/invites`, {})
  const other = await device()
  const vera = await signUp(other, `Вера ${tag}`)
  await vera.page.goto(new URL(`/join/${token}`, vera.page.url()).href)
  await vera.page.getByRole('dialog').getByText(title).waitFor()
  await vera.page.getByRole('button', { name: 'Вступить' }).click()
  await vera.page.getByRole('heading', { level: 1, name: title }).waitFor()
  await say(vera.page, 'я пришла по ссылке')
  await other.close()
  await context.close()
})

test('a file that the server fails at is not sent for ever, and can be tried again', async () => {
  const { context, page } = await group()
  let asked = 0
  await page.route('**/api/v1/attachments', (route) => {
    asked += 1
    return route.fulfill({ status: 500, contentType: 'application/json', body: '{"detail":"","code":"internal"}' })
  })
  await page.locator('input[type=file]').setInputFiles({ name: 'отчёт.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(100, 7) })
  await page.getByRole('button', { name: 'Отправить', exact: true }).click()
  await page.getByRole('button', { name: 'Повторить' }).waitFor()
  assert.equal(asked, 5)
  await page.unroute('**/api/v1/attachments')
  await page.getByRole('button', { name: 'Повторить' }).click()
  await bubble(page, 'отчёт.bin').getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()
  await context.close()
})

test('Ctrl+K finds a message, a person and a command, all by keyboard', async () => {
  const { context, page, his, chat, title, tag } = await group()
  await send(his, chat, `саженцы яблони ${tag}`)
  await bubble(page, 'саженцы').waitFor()
  const field = page.getByRole('combobox', { name: 'Чат, человек, сообщение или команда' })
  const open = async (words) => {
    await page.keyboard.press('ControlOrMeta+KeyK')
    await field.waitFor()
    await page.keyboard.type(words)
  }
  await open('')
  await page.getByRole('group', { name: 'Команды' }).getByRole('option', { name: 'Новый канал' }).waitFor()
  await shot(page, 'palette')
  await page.keyboard.type(`саженцы ${tag}`)
  await page.getByRole('group', { name: 'Сообщения' }).getByRole('option', { name: /саженцы яблони/, selected: true }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'palette-message')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/chats\/\d+\/\d+$/)
  await bubble(page, 'саженцы').waitFor()

  await open('тема тём')
  await page.getByRole('option', { name: 'Тема: тёмная', selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark')

  await page.setViewportSize({ width: 360, height: 640 })
  await open(tag)
  await page.getByRole('option', { name: new RegExp(title) }).waitFor()
  await page.getByRole('group', { name: 'Сообщения' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'palette-phone-dark')
  await page.keyboard.press('Escape')
  await gone(field)
  await page.setViewportSize({ width: 1280, height: 800 })

  await open('настройки прив')
  await page.getByRole('option', { name: 'Настройки: Приватность', selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('region', { name: 'Приватность' }).waitFor()
  await page.keyboard.press('Escape')
  await gone(page.getByRole('dialog'))
  await page.waitForFunction(() => history.state?.layer !== true)
  await open('выйти')
  await page.getByRole('option', { name: 'Выйти', selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Войти' }).waitFor()
  await context.close()
})
