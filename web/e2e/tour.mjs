// A walk through every screen, panel, menu and dialog of the messenger, for stories that look at each of them.
import assert from 'node:assert/strict'
import { api, bubble, gone, history, register, signUp, still, unique } from './lib.mjs'

/// A number in a message by which it is found, whatever else it says.
export const MARK = 'метка 7'

/// An owner's page with a group in which there is one of everything. `say` answers the text of each kind of field.
export async function furnished(context, say = (_kind, plain) => plain) {
  const tag = unique()
  const other = await register(say('name', `Борис ${tag}`))
  const anna = await signUp(context, `Анна ${tag}`)
  const [her, his] = [await api(anna.login), await api(other.login)]
  await his.put('/users/me', { about: say('about', 'Садовник') })
  const chat = await her.post('/chats', { title: say('title', `Сад ${tag}`), description: say('about', 'О саде'), is_group: true, member_ids: [other.id] })
  const post = (who, body) => who.post('/messages', { chat_id: chat.id, type: 'text', ...body })
  const first = await post(his, { content: say('text', `Доброе утро, ${MARK}`) })
  await post(her, { content: say('text', 'Ответ'), reply_to: first.id })
  await post(his, { content: say('text', 'В ветке'), thread_id: first.id })
  await post(his, { type: 'poll', content: say('text', 'Когда?'), payload: { options: [say('option', 'Утром'), `${say('option', 'Вечером')} 2`], multiple: false, anonymous: false } })
  await her.put(`/messages/${first.id}/pin`)
  await her.put(`/messages/${first.id}/bookmark`, { note: null })
  await her.put(`/messages/${first.id}/reactions/${encodeURIComponent('🎉')}`)
  await her.post('/scheduled', { chat_id: chat.id, content: say('text', 'Позже'), send_at: new Date(Date.now() + 86_400_000).toISOString().slice(0, 19) })
  await her.post(`/chats/${chat.id}/invites`, {})
  const pest = await register(say('name', `Вера ${tag}`))
  await her.put(`/users/me/blocked/${pest.id}`)
  const bot = await her.post('/bots', { display_name: say('name', `Бот ${tag}`), about: say('about', 'Выкладывает') })
  await her.put(`/bots/${bot.user.id}/commands`, { commands: [{ name: 'deploy', description: say('option', 'Выложить') }] })
  await her.post(`/bots/${bot.user.id}/tokens`, { name: say('token', 'Сервер'), scopes: ['read'] })
  await her.post(`/chats/${chat.id}/members`, { user_id: bot.user.id })
  const hook = await her.post(`/chats/${chat.id}/webhooks`, { name: say('name', `Сборка ${tag}`) })
  await posted(hook.url, { text: say('text', 'Сборка прошла'), username: say('name', 'Проверка') })
  await her.post(`/chats/${chat.id}/outgoing-webhooks`, { name: say('name', `Учёт ${tag}`), url: `https://example.com/${'a'.repeat(200)}?q=%22%3E%3Cimg%20src=x%3E` })
  await her.post('/tokens', { name: say('token', 'Бот'), scopes: ['read'] })
  await his.post('/chats', { title: say('title', `Канал ${tag}`), kind: 'channel', is_group: true, public: true, member_ids: [] }).catch(() => undefined)
  await her.post('/chats/direct', { user_id: other.id })
  // Who administers depends on who signed up first; here everybody sees the page.
  await context.route('**/api/v1/users/me', async (route) => {
    if (route.request().method() !== 'GET') return route.continue()
    const answer = await route.fetch()
    await route.fulfill({ response: answer, json: { ...await answer.json(), is_admin: true } })
  })
  await context.route('**/api/v1/admin/users?*', (route) => route.fulfill({
    json: [{ id: other.id, email: 'a@example.com', username: null, display_name: other.display_name, is_admin: false, created_at: '2024-03-26T12:00:00' }],
  }))
  await context.route('**/api/v1/admin/push-deliveries?*', (route) => route.fulfill({
    json: ['sent', 'retried', 'failed', 'removed'].map((result, at) => (
      { id: 9 - at, at: '2024-03-26T12:00:00', user_id: other.id, service: say('host', 'push.example.org'), result, status: at ? 500 : 201, attempts: at + 1 })),
  }))
  await context.route('**/outgoing-webhooks/*/deliveries?*', (route) => route.fulfill({
    json: ['waiting', 'delivered', 'failed'].map((state, at) => (
      { id: 9 - at, message_id: `msg_${at}`, event: at ? 'message.created' : say('host', 'unknown.event'), state, created_at: '2024-03-26T12:00:00', attempts: at + 1, next_attempt_at: at ? null : '2024-03-26T12:05:00', status: at && 500, failure: say('about', 'the receiver answered 500') })),
  }))
  const { page } = anna
  await page.goto(new URL(`/chats/${chat.id}`, page.url()).href)
  await history(page).getByRole('article').first().waitFor()
  const files = [
    { name: say('file', 'снимок.png'), mimeType: 'image/png', buffer: Buffer.from(await picture(page)) },
    { name: say('file', 'список.txt'), mimeType: 'text/plain', buffer: Buffer.from(say('text', 'Чай и плед')) },
  ]
  for (const [index, file] of files.entries()) {
    await page.locator('input[type=file]').first().setInputFiles(file)
    await page.getByRole('button', { name: 'Отправить', exact: true }).click()
    await history(page).getByRole('article').nth(5 + index).getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()
  }
  await gone(page.getByRole('button', { name: 'Отправить', exact: true }))
  return { page, chat, tag, other }
}

/// Posts to an incoming webhook.
async function posted(url, form) {
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(form) })
  assert.ok(answer.ok, await answer.text())
}

const picture = (page) => page.evaluate(async () => {
  const canvas = new OffscreenCanvas(400, 300)
  const pen = canvas.getContext('2d')
  pen.fillStyle = '#6f9a78'
  pen.fillRect(0, 0, 400, 300)
  return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())]
})

/// Loads an address. A dialog that has just closed goes back in the history, which may end the loading.
async function go(page, url) {
  for (let left = 3; ; left--) {
    try {
      return await page.goto(url)
    } catch (error) {
      if (left === 0 || !error.message.includes('ERR_ABORTED')) throw error
    }
  }
}

/// Opens each screen, calls `look(name)`, and closes it.
export async function tour(page, chat, tag, look) {
  const button = (name, exact = true) => page.getByRole('button', { name, exact })
  const item = (name) => page.getByRole('menuitem', { name, exact: true }).click()
  const seen = async (name, locator) => {
    await locator.first().waitFor()
    await still(page)
    await look(name)
  }
  const escape = async (...what) => {
    for (const locator of what) {
      await page.keyboard.press('Escape')
      await gone(locator)
    }
  }
  const dialog = page.locator('dialog[open]')
  const panel = page.getByRole('complementary')
  const menu = page.getByRole('menu')
  const shut = async () => {
    await panel.getByRole('button', { name: /^(Закрыть|Назад)$/ }).first().click()
    await gone(panel)
  }

  const origin = new URL(page.url()).origin
  await go(page, `${origin}/`)
  await seen('the list', page.getByRole('navigation', { name: 'Чаты' }).getByRole('listitem'))
  await button('Меню').click()
  await seen('the menu', menu)
  await item('Поиск по сообщениям')
  await page.getByRole('searchbox', { name: 'Что найти' }).fill(MARK)
  await panel.locator('mark').first().waitFor()
  await button('Фильтры').click()
  await seen('search', panel.locator('mark'))
  await shut()
  for (const name of ['Закладки', 'Каналы']) {
    await button('Меню').click()
    await item(name)
    await seen(name, panel.getByRole('heading'))
    await shut()
  }
  await button('Меню').click()
  await item('Горячие клавиши')
  await seen('keys', dialog)
  await escape(dialog)
  await page.getByRole('navigation', { name: 'Чаты' }).getByRole('listitem').first().click({ button: 'right' })
  await seen('the menu of a chat', menu)
  await escape(menu)
  await page.keyboard.press('Control+KeyK')
  await seen('the switcher', dialog)
  await escape(dialog)
  await button('Новый чат').first().click()
  await dialog.getByRole('searchbox').fill(tag)
  await seen('people who are found', dialog.getByRole('listitem'))
  await dialog.getByRole('button', { name: 'Вступить по коду' }).click()
  await seen('a code to join', dialog.getByLabel('Код для вступления'))
  await escape(dialog)
  await button(/^Профиль: /).click()
  await dialog.getByRole('navigation').getByRole('button', { name: 'Администрирование' }).click()
  await seen('administration', dialog.getByRole('region', { name: 'Администрирование' }).getByRole('listitem'))
  await dialog.getByRole('button', { name: 'Журнал отправки' }).click()
  await seen('the log of pushes', page.getByRole('dialog', { name: 'Push-уведомления' }).getByRole('listitem'))
  await page.keyboard.press('Escape')
  await gone(page.getByRole('dialog', { name: 'Push-уведомления' }))
  for (const [name, part] of [['Уведомления', page.getByRole('region', { name: 'Устройства с уведомлениями' })], ['Боты', page.getByRole('list', { name: 'Боты' }).getByRole('listitem')], ['Приватность', button(/^Разблокировать: /)], ['Безопасность', button(/^Отозвать/)]]) {
    // On a phone, a page covers the list of pages.
    const back = dialog.getByRole('button', { name: 'Назад', exact: true })
    if (await back.isVisible()) await back.click()
    await dialog.getByRole('navigation').getByRole('button', { name }).click()
    await seen(name, part)
    if (name === 'Боты') {
      await part.getByRole('button').click()
      const bot = page.getByRole('dialog', { name: 'Бот', exact: true })
      await seen('a bot', bot.getByRole('button', { name: /^Отозвать токен/ }))
      await page.keyboard.press('Escape')
      await gone(bot)
    }
  }
  await escape(dialog)

  await go(page, `${origin}/chats/${chat.id}`)
  await seen('a chat', history(page).getByRole('article'))
  await button('Действия с чатом').click()
  await seen('the menu of the open chat', menu)
  await item('О чате')
  await seen('about the chat', dialog.getByRole('listitem'))
  for (const name of ['Настройки группы', 'Ссылки-приглашения', 'Заблокированные', 'Добавить участников']) {
    await dialog.getByRole('button', { name, exact: true }).click()
    await seen(name, page.getByRole('dialog', { name }))
    // One step back.
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: 'Медиа и файлы' }).waitFor()
  }
  await dialog.getByRole('button', { name: /^Действия: |^Управление|: действия/ }).first().click({ timeout: 3_000 }).catch(() => undefined)
  if (await menu.count()) {
    await seen('what can be done with a member', menu)
    await escape(menu)
  }
  await dialog.getByRole('listitem').nth(1).getByRole('button').first().click()
  await seen('a person', page.getByRole('dialog').getByRole('button', { name: 'Написать' }))
  await escape(dialog)

  await button('Действия с чатом').click()
  await item('О чате')
  await dialog.getByRole('button', { name: 'Вебхуки', exact: true }).click()
  const hooks = page.getByRole('dialog', { name: 'Вебхуки' })
  await seen('incoming webhooks', hooks.getByRole('listitem'))
  await hooks.getByRole('radio', { name: 'Исходящие' }).check()
  await seen('outgoing webhooks', hooks.getByRole('listitem'))
  await hooks.getByRole('list').getByRole('button').click()
  const log = page.getByRole('dialog').filter({ has: page.getByRole('radio', { name: 'Журнал доставки' }) }).last()
  await seen('deliveries', log.getByText(/Не доставлено/))
  await log.getByRole('radio', { name: 'Настройки' }).check()
  await seen('the settings of a webhook', log.getByRole('switch'))
  await page.keyboard.press('Escape')
  await gone(log.getByRole('switch'))
  await page.keyboard.press('Escape')
  await gone(hooks)

  await button('Поиск в чате').click()
  await seen('search in the chat', panel.getByRole('searchbox'))
  await shut()
  for (const name of ['Закреплённые сообщения', 'Отложенные сообщения', 'Медиа и файлы']) {
    await button('Действия с чатом').click()
    await item(name)
    await seen(name, panel.getByRole('listitem'))
    if (name === 'Медиа и файлы') {
      await panel.getByRole('radio', { name: 'Файлы' }).check()
      await seen('files', panel.getByRole('listitem').filter({ hasText: /·/ }))
    }
    await shut()
  }

  const act = async (name) => {
    await bubble(page, MARK).first().locator('[data-bubble]').click({ button: 'right', position: { x: 8, y: 8 } })
    if (name) await item(name)
  }
  await act()
  await seen('the menu of a message', menu)
  await menu.getByRole('menuitem', { name: 'Другие реакции' }).click()
  await seen('reactions', page.getByRole('searchbox', { name: 'Поиск эмодзи' }))
  await escape(page.getByRole('searchbox', { name: 'Поиск эмодзи' }))
  for (const name of ['Подробности', 'Переслать', 'Удалить']) {
    await act(name)
    await seen(name, dialog)
    await escape(dialog)
  }
  await act('Ответить в ветке')
  await seen('a thread', panel.getByRole('article').nth(1))
  await panel.getByRole('button', { name: 'Закрыть' }).first().click()
  await gone(panel)
  await button('Эмодзи').click()
  await seen('emoji', page.getByRole('searchbox', { name: 'Поиск эмодзи' }))
  await escape(page.getByRole('searchbox', { name: 'Поиск эмодзи' }))
  await button('Прикрепить файл').click()
  await seen('what can be attached', menu)
  await item('Спросить помощника')
  await seen('a question', dialog)
  await escape(dialog)
  await button('Прикрепить файл').click()
  await item('Опрос')
  await seen('a new poll', dialog)
  await escape(dialog)
  await history(page).getByRole('button', { name: /^Открыть: / }).first().click()
  await seen('a picture', page.locator('dialog[open] img'))
  await escape(dialog)
  await history(page).getByRole('button', { name: /^Открыть .*\.txt/s }).first().click()
  await seen('a text file', dialog.locator('pre'))
  await escape(dialog)
}
