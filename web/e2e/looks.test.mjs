// How it looks, for eyes (screenshots/) and for screen readers (axe).
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, axe, bubble, chatRow, close, delivered, device, field, gone, history, open, register, say, shot, signUp, still, talkTo, visit } from './lib.mjs'

let anna
let boris
let context
let other

before(async () => {
  await open()
  ;[context, other] = await Promise.all([device({ reducedMotion: 'reduce' }), device()])
  anna = await signUp(context, 'Анна Ковалёва')
  boris = await signUp(other, 'Борис Ильин')
  await furnish()
})
after(close)
afterEach(assertWellBehaved)

/// A picture made in the page, so that none is kept in the repository.
const garden = (page) => page.evaluate(async () => {
  const canvas = new OffscreenCanvas(960, 640)
  const pen = canvas.getContext('2d')
  const sky = pen.createLinearGradient(0, 0, 0, 640)
  for (const [at, colour] of [[0, '#f6d8b0'], [0.55, '#e9b48e'], [0.56, '#6f9a78'], [1, '#2f5d4b']]) sky.addColorStop(at, colour)
  pen.fillStyle = sky
  pen.fillRect(0, 0, 960, 640)
  pen.fillStyle = '#fff4dd'
  pen.beginPath()
  pen.arc(720, 190, 62, 0, 7)
  pen.fill()
  pen.fillStyle = '#24453a'
  for (let x = 0; x < 960; x += 60) {
    pen.beginPath()
    pen.moveTo(x - 50, 380)
    pen.lineTo(x, 380 - 60 - ((x * 7) % 90))
    pen.lineTo(x + 50, 380)
    pen.fill()
  }
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })
  return [...new Uint8Array(await blob.arrayBuffer())]
})

async function furnish() {
  const { page } = anna
  const people = []
  for (const name of ['Вера Орлова', 'Глеб Титов', 'Дина Лаптева', 'Сергей Мельник', 'Айгуль Садыкова']) people.push(await register(name))
  const [her, his] = [await api(anna.login), await api(boris.login)]
  const vera = await api(people[0].login)
  const gleb = await api(people[1].login)
  for (const [index, text] of ['Договор подписан', 'Завтра созвон в 11?', 'Спасибо, посмотрю'].entries()) {
    const chat = await her.post('/chats/direct', { user_id: people[index + 2].id })
    await (await api(people[index + 2].login)).post('/messages', { chat_id: chat.id, type: 'text', content: text })
  }
  const me = await his.get('/users/me')
  const chat = await her.post('/chats', { title: 'Летний выезд', is_group: true, member_ids: [me.id, people[0].id, people[1].id] })
  const post = (who, content) => who.post('/messages', { chat_id: chat.id, type: 'text', content })
  await post(vera, 'Доброе утро! Кто едет в субботу?')
  await post(gleb, 'Я еду, и могу взять троих в машину')
  await chatRow(page, 'Летний выезд').click()
  await say(page, 'Поеду. Возьму чай, плед и настольные игры')
  const bytes = Buffer.from(await garden(boris.page))
  await chatRow(boris.page, 'Летний выезд').click()
  await boris.page.locator('input[type=file]').setInputFiles({ name: 'место.jpg', mimeType: 'image/jpeg', buffer: bytes })
  await boris.page.getByRole('textbox', { name: 'Сообщение' }).fill('Вот это место, беседка прямо у воды')
  await boris.page.getByRole('button', { name: 'Отправить', exact: true }).click()
  await bubble(page, 'у воды').locator('img').waitFor()
  await page.waitForFunction(() => document.querySelector('article img')?.naturalWidth > 100)
  await bubble(page, 'у воды').hover()
  await bubble(page, 'у воды').getByRole('button', { name: 'Действия' }).click()
  await page.getByRole('menuitemcheckbox', { name: /❤/ }).click()
  await page.getByRole('button', { name: 'Записать голосовое' }).click()
  await recorded(page, 2)
  await page.getByRole('button', { name: 'Отправить запись' }).click()
  await history(page).getByRole('slider').waitFor()
  await post(vera, 'Какая красота! А список, кто что берёт, есть?')
  await page.locator('input[type=file]').setInputFiles({ name: 'Список вещей на выезд.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n%…\n'.repeat(4000)) })
  await page.getByRole('button', { name: 'Отправить', exact: true }).click()
  await delivered(page, 'Список вещей')
  await post(gleb, 'Отлично. Тогда выезжаем в 9:00 от офиса')
  await bubble(page, '9:00').waitFor()
}

const recorded = (page, seconds) => page.getByRole('group', { name: 'Запись голосового сообщения' })
  .getByText(new RegExp(`^0:(0[${seconds}-9]|[1-5]\\d)$`)).waitFor()

/// What is fading in is not yet as legible as it will be.
async function axeOf(page, name) {
  await still(page)
  assert.deepEqual(await axe(page), [], name)
}

async function choose(page, { theme, language }) {
  await page.evaluate(([t, l]) => {
    localStorage.setItem('besedka.theme', t)
    localStorage.setItem('besedka.language', l)
  }, [theme, language])
  await page.reload()
  await history(page).getByRole('slider').waitFor()
  await page.waitForFunction(() => document.querySelector('article img')?.naturalWidth > 100)
}

test('a conversation, wide: light and dark, Russian and English', async () => {
  const { page } = anna
  for (const theme of ['light', 'dark']) for (const language of ['ru', 'en']) {
    await choose(page, { theme, language })
    await shot(page, `conversation-wide-${theme}-${language}`)
    await axeOf(page, `${theme} ${language}`)
  }
  await choose(page, { theme: 'light', language: 'ru' })
})

test('a conversation and the list, narrow', async () => {
  const { page } = anna
  await page.setViewportSize({ width: 390, height: 844 })
  for (const [theme, language] of [['light', 'ru'], ['dark', 'en']]) {
    await choose(page, { theme, language })
    await shot(page, `conversation-narrow-${theme}-${language}`)
    await axeOf(page)
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
    await page.getByRole('button', { name: /Назад|Back/ }).click()
    await page.getByRole('navigation').waitFor()
    await shot(page, `list-narrow-${theme}-${language}`)
    await axeOf(page)
    await page.goBack()
  }
  await choose(page, { theme: 'light', language: 'ru' })
  await page.setViewportSize({ width: 1280, height: 800 })
})

test('the dialogs and the menu', async () => {
  const { page } = anna
  const look = async (name) => {
    await shot(page, name)
    await axeOf(page, name)
  }
  const out = async () => {
    await page.keyboard.press('Escape')
    await gone(page.locator('dialog, [role=menu]'))
  }
  await page.getByRole('button', { name: 'О чате' }).click()
  await page.getByRole('dialog').getByText('владелец').waitFor()
  await look('members')
  await out()
  await page.getByTitle('Настройки').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Безопасность' }).click()
  await page.getByText('Это устройство').waitFor()
  await look('profile')
  await out()
  await page.getByRole('button', { name: 'Новый чат' }).click()
  await page.getByRole('dialog').getByRole('searchbox').fill('Дина')
  await page.getByRole('dialog').getByRole('button', { name: /Дина/ }).first().waitFor()
  await look('new-chat')
  await out()
  await page.keyboard.press('Control+KeyK')
  await page.waitForFunction(() => document.activeElement?.role === 'combobox')
  await page.keyboard.type('Л')
  await page.getByRole('option', { name: /Летний выезд/ }).waitFor()
  await look('switcher')
  await out()
  await bubble(page, 'чай, плед').hover()
  await bubble(page, 'чай, плед').getByRole('button', { name: 'Действия' }).click()
  await page.getByRole('menu').waitFor()
  await look('menu')
  await out()
  await field(page).press('ArrowUp')
  await page.getByText('Редактирование').waitFor()
  await look('editing')
  await out()
  await page.getByRole('button', { name: 'Записать голосовое' }).click()
  await recorded(page, 1)
  await look('recording')
  await out()
})

test('the door, and an empty house', async () => {
  const fresh = await device()
  const page = await visit(fresh)
  await page.getByRole('button', { name: 'Войти' }).waitFor()
  await shot(page, 'sign-in-ru')
  await axeOf(page)
  await page.getByRole('button', { name: 'Зарегистрироваться' }).click()
  await page.getByLabel('Имя', { exact: true }).waitFor()
  await shot(page, 'sign-up-ru')
  await axeOf(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await shot(page, 'sign-up-narrow-ru')
  const dark = await device({ colorScheme: 'dark', locale: 'en-US' })
  const door = await visit(dark)
  await door.getByRole('button', { name: 'Sign in' }).waitFor()
  await shot(door, 'sign-in-dark-en')
  await axeOf(door)
  const { page: empty } = await signUp(dark, 'Newcomer')
  await empty.getByRole('heading', { name: 'No chats yet' }).waitFor()
  await shot(empty, 'empty-dark-en')
  await axeOf(empty)
  await talkTo(boris.page, 'Вера Орлова')
  await boris.page.getByRole('heading', { name: 'Сообщений пока нет' }).waitFor()
  await shot(boris.page, 'chat-empty')
  await axeOf(boris.page)
  await Promise.all([fresh.close(), dark.close()])
})
