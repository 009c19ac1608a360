import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, bubble, chatRow, close, delivered, device, field, gone, history, open, say, signUp, talkTo, unique, until, visit } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

async function two() {
  const tag = unique()
  const [a, b] = await Promise.all([device(), device()])
  const anna = await signUp(a, `Анна ${tag}`)
  const boris = await signUp(b, `Борис ${tag}`)
  await talkTo(anna.page, boris.name)
  return { anna, boris, contexts: [a, b], end: () => Promise.all([a.close(), b.close()]) }
}

test('two people talk, both ways, live', async () => {
  const { anna, boris, end } = await two()
  await say(anna.page, 'Привет, Борис!')
  const row = chatRow(boris.page, anna.name)
  await row.getByText('1 непрочитанное сообщение').waitFor({ state: 'attached' })
  await bubble(anna.page, 'Привет').getByRole('img', { name: 'Отправлено' }).waitFor()
  await row.click()
  await bubble(boris.page, 'Привет, Борис!').waitFor()
  await bubble(anna.page, 'Привет').getByRole('img', { name: 'Прочитано' }).waitFor()
  await gone(row.getByText('непрочитанное'))

  // It is told every few seconds, and shown for a few.
  await until(async () => {
    await field(boris.page).pressSequentially('р')
    return anna.page.locator('header').getByText('печатает').isVisible()
  }, 'the word that somebody is typing')
  await say(boris.page, 'Здравствуй, Анна!')
  await bubble(anna.page, 'Здравствуй').waitFor()
  await anna.page.locator('[aria-live=polite]').filter({ hasText: `${boris.name}: Здравствуй, Анна!` }).waitFor({ state: 'attached' })
  await end()
})

test('a message is changed, reacted to and deleted, and the other sees it', async () => {
  const { anna, boris, end } = await two()
  await say(anna.page, 'Встреча в пять')
  await chatRow(boris.page, anna.name).click()
  await bubble(boris.page, 'Встреча в пять').waitFor()
  await delivered(anna.page, 'Встреча в пять')

  await field(anna.page).press('ArrowUp')
  await anna.page.getByText('Редактирование').waitFor()
  await field(anna.page).fill('Встреча в шесть')
  await field(anna.page).press('Enter')
  await bubble(boris.page, 'Встреча в шесть').getByText('изменено').waitFor()

  await bubble(boris.page, 'шесть').hover()
  await bubble(boris.page, 'шесть').getByRole('button', { name: 'Действия' }).click()
  await boris.page.getByRole('menuitemcheckbox', { name: /👍/ }).click()
  const reaction = bubble(anna.page, 'шесть').getByRole('button', { name: '👍: 1 человек' })
  await reaction.click()
  await bubble(boris.page, 'шесть').getByRole('button', { name: '👍: 2 человека' }).waitFor()
  await bubble(anna.page, 'шесть').getByRole('button', { name: '👍: 2 человека' }).click()
  await bubble(boris.page, 'шесть').getByRole('button', { name: '👍: 1 человек' }).waitFor()

  await bubble(anna.page, 'шесть').hover()
  await bubble(anna.page, 'шесть').getByRole('button', { name: 'Действия' }).click()
  await anna.page.getByRole('menuitem', { name: 'Удалить', exact: true }).click()
  await anna.page.getByRole('dialog').getByRole('button', { name: 'Удалить', exact: true }).click()
  await bubble(boris.page, 'Сообщение удалено').waitFor()
  await bubble(anna.page, 'Сообщение удалено').waitFor()
  await end()
})

test('an answer shows what it answers, and a poll is voted in', async () => {
  const { anna, boris, end } = await two()
  await say(anna.page, 'Где встречаемся?')
  await chatRow(boris.page, anna.name).click()
  await bubble(boris.page, 'Где встречаемся?').hover()
  await bubble(boris.page, 'Где встречаемся?').getByRole('button', { name: 'Действия' }).click()
  await boris.page.getByRole('menuitem', { name: 'Ответить', exact: true }).click()
  await say(boris.page, 'В беседке')
  const answer = bubble(anna.page, 'В беседке')
  await answer.getByRole('button').getByText('Где встречаемся?').waitFor()

  await delivered(anna.page, 'Где встречаемся?')
  const her = await api(anna.login)
  const [chat] = await her.get('/chats')
  const asked = (await her.get(`/messages?chat_id=${chat.id}`)).find(({ content }) => content === 'Где встречаемся?')
  await her.patch(`/messages/${asked.id}`, { content: 'Где собираемся?' })
  await answer.getByRole('button').getByText('Где собираемся?').waitFor()

  await her.post('/messages', { chat_id: chat.id, type: 'poll', content: 'Когда?', payload: { options: ['в пять', 'в шесть'] } })
  await bubble(boris.page, 'Когда?').getByRole('radio', { name: 'в шесть' }).click()
  await bubble(anna.page, 'Когда?').getByRole('radio', { name: 'в шесть 100 %' }).waitFor()
  await bubble(anna.page, 'Когда?').getByText('1 голос').waitFor()
  await bubble(boris.page, 'Когда?').getByRole('radio', { name: 'в шесть', checked: true }).waitFor()
  await end()
})

test('what is written offline is sent when the network is back, in order, once', async () => {
  const { anna, boris, contexts: [a], end } = await two()
  await say(anna.page, 'раз')
  await a.setOffline(true)
  await say(anna.page, 'два')
  await say(anna.page, 'три')
  await bubble(anna.page, 'два').getByRole('img', { name: 'Ждёт отправки' }).waitFor()
  await a.setOffline(false)
  await bubble(anna.page, 'три').getByRole('img', { name: 'Отправлено' }).waitFor()
  const her = await api(boris.login)
  const [chat] = await her.get('/chats')
  const kept = await her.get(`/messages?chat_id=${chat.id}`)
  assert.deepEqual(kept.map(({ content }) => content).reverse(), ['раз', 'два', 'три'])
  await end()
})

/// Whether a text is in the outbox on disk.
const kept = (text) => new Promise((resolve) => {
  const opening = indexedDB.open('besedka')
  opening.onsuccess = () => {
    const all = opening.result.transaction('outbox').objectStore('outbox').getAll()
    all.onsuccess = () => {
      opening.result.close()
      resolve(all.result.some(({ content }) => content === text))
    }
  }
})

test('what is unsent survives a closed tab', async () => {
  const { anna, boris, contexts: [a], end } = await two()
  await say(anna.page, 'первое')
  const address = anna.page.url()
  await a.route('**/api/v1/messages', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()))
  await say(anna.page, 'не ушло')
  await bubble(anna.page, 'не ушло').getByRole('img', { name: 'Ждёт отправки' }).waitFor()
  await anna.page.waitForFunction(kept, 'не ушло')
  await anna.page.close()
  await a.unroute('**/api/v1/messages')
  await chatRow(boris.page, anna.name).click()
  const again = await visit(a, new URL(address).pathname)
  await bubble(again, 'не ушло').getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()
  await bubble(boris.page, 'не ушло').waitFor()
  await end()
})

test('a refused message says so, and can be tried again', async () => {
  const { anna, contexts: [a], end } = await two()
  await say(anna.page, 'ладно')
  await bubble(anna.page, 'ладно').getByRole('img', { name: 'Отправлено' }).waitFor()
  const refuse = (route) => (route.request().method() === 'POST'
    ? route.fulfill({ status: 403, contentType: 'application/json', body: '{"detail":"no","code":"forbidden"}' })
    : route.continue())
  await a.route('**/api/v1/messages', refuse)
  await say(anna.page, 'нельзя')
  await bubble(anna.page, 'нельзя').getByRole('img', { name: 'Не отправлено' }).waitFor()
  await a.unroute('**/api/v1/messages', refuse)
  await history(anna.page).getByRole('button', { name: 'Повторить' }).click()
  await bubble(anna.page, 'нельзя').getByRole('img', { name: 'Отправлено' }).waitFor()
  await end()
})

test('two tabs of one person show the same', async () => {
  const { anna, boris, contexts: [a], end } = await two()
  await say(anna.page, 'начало')
  const second = await visit(a, new URL(anna.page.url()).pathname)
  await bubble(second, 'начало').waitFor()
  await say(second, 'из второй вкладки')
  await bubble(anna.page, 'из второй вкладки').getByRole('img', { name: 'Отправлено' }).waitFor()
  await chatRow(boris.page, anna.name).click()
  await bubble(boris.page, 'из второй вкладки').waitFor()
  await say(boris.page, 'обеим')
  await Promise.all([bubble(anna.page, 'обеим').waitFor(), bubble(second, 'обеим').waitFor()])
  await end()
})

test('after a break nothing is missing and nothing is double', async () => {
  const { anna, boris, contexts: [, b], end } = await two()
  await say(anna.page, 'до')
  await chatRow(boris.page, anna.name).click()
  await bubble(boris.page, 'до').waitFor()
  await b.setOffline(true)
  for (const text of ['пока', 'тебя', 'не было']) await say(anna.page, text)
  await delivered(anna.page, 'не было')
  await b.setOffline(false)
  for (const text of ['пока', 'тебя', 'не было']) await bubble(boris.page, text).waitFor()
  for (const text of ['пока', 'тебя', 'не было']) assert.equal(await bubble(boris.page, text).count(), 1)
  await end()
})
