import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { api, assertWellBehaved, axe, BASE, chatRow, close, device, gone, open, PASSWORD, register, shot, signUp, unique, visit } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// The link that the server printed at its start; somebody may have registered since, but nobody became administrator.
const link = () => readFileSync(process.env.BESEDKA_SETUP, 'utf8').trim().replace(/^.*(?=\/setup#)/, '')

/// Looks after the groups of others, without being in them.
async function lookAfterChats(page, chats, bek) {
  const row = chatRow(bek, 'Огород')
  await row.waitFor()
  await chats.getByText('Объявления двора').waitFor()
  await chats.getByLabel('Название чата').fill('ОГОР')
  await gone(chats.getByText('Объявления двора'))
  await chats.getByText('Владелец: Бек').waitFor()
  await shot(page, 'admin-chats')
  assert.deepEqual(await axe(page), [])
  const wide = page.viewportSize()
  await page.setViewportSize({ width: 360, height: 740 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await shot(page, 'admin-chats-narrow')
  assert.deepEqual(await axe(page), [])

  await chats.getByRole('button', { name: 'Сменить владельца: Огород' }).click()
  const choice = page.getByRole('dialog', { name: 'Сменить владельца: Огород' })
  await page.keyboard.type('садов')
  await gone(choice.getByText('Бек'))
  await shot(page, 'admin-chat-owner-narrow')
  assert.deepEqual(await axe(page), [])
  await page.setViewportSize(wide)
  await page.emulateMedia({ colorScheme: null })
  await shot(page, 'admin-chat-owner')
  assert.deepEqual(await axe(page), [])
  await choice.getByRole('button', { name: 'Сделать владельцем: Пётр Садовник' }).press('Enter')
  await gone(choice)
  await chats.getByText('Владелец: Пётр Садовник').waitFor()

  await chats.getByRole('button', { name: 'Удалить: Огород' }).click()
  const sure = page.getByRole('dialog', { name: 'Удалить «Огород»?' })
  await sure.getByText('исчезнут у 2 участников').waitFor()
  await shot(page, 'admin-chat-deletion')
  assert.deepEqual(await axe(page), [])
  await sure.getByRole('button', { name: 'Удалить' }).click()
  await gone(row)
  await chats.getByText('Ничего не найдено').waitFor()
}

/// Keeps the messages of a channel of others for ever.
async function exempt(page, kept) {
  await kept.getByRole('button', { name: 'Всегда хранить сообщения в чате' }).click()
  const choice = page.getByRole('dialog', { name: 'Всегда хранить сообщения в чате' })
  await page.keyboard.type('объявл')
  await page.keyboard.press('Enter')
  await choice.getByText('Объявления двора').waitFor()
  await shot(page, 'retention-choice')
  assert.deepEqual(await axe(page), [])
  await choice.getByRole('button', { name: 'Хранить всегда: Объявления двора' }).press('Enter')
  await gone(choice)
  await kept.getByRole('button', { name: 'Убрать из исключений: Объявления двора' }).waitFor()
}

/// What the administrator of a running server does and is told, without a reload.
async function administer(page) {
  const context = await device()
  const { page: bek, login } = await signUp(context, 'Бек')
  const reporter = await api(login)
  const gardener = await register('Пётр Садовник')
  await reporter.post('/chats', { title: 'Огород', is_group: true, member_ids: [gardener.id] })
  await reporter.post('/chats', { title: 'Объявления двора', kind: 'channel' })
  await page.getByRole('button', { name: 'Профиль: Айгуль' }).click()
  const settings = page.getByRole('dialog', { name: 'Настройки' })
  const section = async (name) => {
    await settings.getByRole('button', { name }).click()
    return settings.getByRole('region', { name }).first()
  }
  const doctor = await section('Проверка сервера')
  await doctor.getByRole('button', { name: 'Проверить' }).click()
  await doctor.getByText('database', { exact: true }).waitFor()
  await doctor.getByText('Строки для nginx').first().click()
  assert.match(await doctor.getByRole('region', { name: 'Строки для nginx' }).first().innerText(), /proxy_pass/)
  assert.deepEqual(await axe(page), [])
  await shot(page, 'doctor')
  await section('Хранилище')
  await settings.getByRole('heading', { name: 'Кто хранит больше всего файлов' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shot(page, 'storage')

  await lookAfterChats(page, await section('Чаты'), bek)

  await section('Администрирование')
  await settings.getByLabel('Текст объявления').fill('Обновление в субботу')
  await settings.getByRole('button', { name: 'Показать всем' }).click()
  const banner = bek.getByRole('status', { name: 'Объявление' })
  await banner.getByText('Обновление в субботу').waitFor()
  await settings.getByRole('button', { name: 'Убрать объявление' }).click()
  await gone(banner)

  const kept = settings.getByRole('form', { name: 'Сколько хранятся сообщения' })
  const keep = async (days) => {
    await kept.getByLabel('Удалять сообщения старше, дней').fill(days)
    await kept.getByRole('button', { name: 'Сохранить' }).click()
  }
  await keep('30')
  const sure = page.getByRole('dialog', { name: 'Удалять старые сообщения?' })
  await sure.getByText('Таких старых сообщений пока нет').waitFor()
  await shot(page, 'retention-asked')
  assert.deepEqual(await axe(page), [])
  await sure.getByRole('button', { name: 'Удалять' }).click()
  await kept.getByText('Сейчас сообщения старше 30 дней удаляются у всех').waitFor()
  assert.deepEqual(await axe(page), [])
  await kept.scrollIntoViewIfNeeded()
  await shot(page, 'retention')
  await exempt(page, kept)
  await keep('')
  await kept.getByText('Сейчас сообщения хранятся всегда').waitFor()

  const [{ id }] = await reporter.get(`/users/search?q=${encodeURIComponent('Айгуль')}`)
  await reporter.post(`/users/${id}/report`, { reason: 'other' })
  await settings.getByRole('button', { name: /^Жалобы\s*1$/ }).waitFor()
  await section(/^Жалобы/)
  await settings.getByRole('button', { name: 'Отклонить' }).click()
  await settings.getByRole('button', { name: 'Жалобы', exact: true }).waitFor()
  await context.close()
}

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
  await administer(page)
  await context.close()

  const other = await device()
  const again = await visit(other, link())
  await again.getByRole('alert').filter({ hasText: 'уже есть администратор' }).waitFor()
  await other.close()
})
