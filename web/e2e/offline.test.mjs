// Without the server: what this device kept is shown, says its age, and is replaced without a gap or a double.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, axe, bubble, chatRow, close, delivered, device, field, gone, history, open, register, shot, signUp, unique, until } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// Somebody with two chats, of which one was opened.
async function person(options) {
  const tag = unique()
  const context = await device(options)
  const anna = await signUp(context, `Анна ${tag}`)
  const [boris, vera] = await Promise.all([register(`Борис ${tag}`), register(`Вера ${tag}`)])
  const [her, his] = [await api(anna.login), await api(boris.login)]
  const { id: chat } = await her.post('/chats/direct', { user_id: boris.id })
  const tell = (text) => his.post('/messages', { chat_id: chat, type: 'text', content: text })
  for (let n = 1; n <= 3; n++) await tell(`слово ${n}.`)
  const { id: other } = await her.post('/chats/direct', { user_id: vera.id })
  await (await api(vera.login)).post('/messages', { chat_id: other, type: 'text', content: 'непрочитанное' })
  await chatRow(anna.page, boris.display_name).click()
  await bubble(anna.page, 'слово 3.').waitFor()
  return { context, page: anna.page, boris, vera, tell }
}

const words = async (page) => (await history(page).getByRole('article').allInnerTexts()).map((text) => /слово [^.]+\./.exec(text)?.[0]).filter(Boolean)
/// What is changed is kept a moment later.
const kept = (page, text) => until(() => page.evaluate((wanted) => new Promise((resolve) => {
  const asked = indexedDB.open('besedka.offline')
  asked.onsuccess = () => {
    const all = asked.result.transaction('histories').objectStore('histories').getAll()
    all.onsuccess = () => {
      asked.result.close()
      resolve(JSON.stringify(all.result).includes(wanted))
    }
  }
}), text), `${text} on the device`)

test('a start without the server shows the chats of before, and catches up when it is back', async () => {
  const { context, page, boris, vera, tell } = await person({ viewport: { width: 1280, height: 800 } })
  await kept(page, 'слово 3.')
  await page.evaluate(() => navigator.serviceWorker.ready)
  await until(() => page.evaluate(async () => (await (await caches.open('besedka-shell')).keys()).some(({ url }) => /ChatMessages.*js/.test(url))), 'the page on the device')
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.clearBrowserCache')

  await context.setOffline(true)
  await page.reload()
  await bubble(page, 'слово 3.').waitFor()
  await page.getByText(/Показаны чаты, сохранённые на этом устройстве: \d\d:\d\d/).waitFor()
  await page.getByText(/Показаны сообщения, сохранённые на этом устройстве: \d\d:\d\d/).waitFor()
  await bubble(page, 'слово 3.').getByText(/^\d\d:\d\d$/).waitFor()
  assert.deepEqual(await words(page), ['слово 1.', 'слово 2.', 'слово 3.'])
  assert.deepEqual(await axe(page), [])
  await shot(page, 'offline-wide')
  await page.setViewportSize({ width: 360, height: 740 })
  await shot(page, 'offline-narrow')
  await page.setViewportSize({ width: 1280, height: 800 })

  // What is written waits; a chat that was never opened here says that it cannot be shown.
  await field(page).fill('слово мимо.')
  await field(page).press('Enter')
  await bubble(page, 'слово мимо.').waitFor()
  await chatRow(page, vera.display_name).click()
  await page.getByText('Не удалось загрузить').waitFor()
  await chatRow(page, boris.display_name).click()
  await bubble(page, 'слово 3.').waitFor()

  for (let n = 4; n <= 70; n++) await tell(`слово ${n}.`)
  await context.setOffline(false)
  for (const what of ['чаты', 'сообщения']) await gone(page.getByText(`Показаны ${what}, сохранённые на этом устройстве`))
  // As in a chat that is opened: the first unread message is in view, and the rest below.
  await bubble(page, 'слово 4.').waitFor()
  await page.getByRole('button', { name: /^К новым сообщениям/ }).click()
  await delivered(page, 'слово мимо.')
  await tell('слово живое.')
  await bubble(page, 'слово живое.').waitFor()
  const rows = await history(page).locator('li').evaluateAll((all) => all.map((row) => [row.getAttribute('aria-posinset'), row.innerText]))
  const order = [...Array.from({ length: 70 }, (_, n) => `слово ${n + 1}.`), 'слово мимо.', 'слово живое.']
  for (const [place, text] of rows) assert.ok(text.includes(order[place - 1]), `${place}: ${text}`)
  assert.equal(await history(page).locator('li').last().getAttribute('aria-setsize'), String(order.length))
  await context.close()
})

test('signing out leaves nothing of the chats on the device', async () => {
  const { context, page } = await person()
  await kept(page, 'слово 3.')
  await page.getByRole('button', { name: /Профиль/ }).click()
  await page.getByRole('button', { name: 'Выйти' }).click()
  await page.getByRole('button', { name: 'Войти' }).waitFor()
  await until(() => page.evaluate(() => new Promise((resolve) => {
    const asked = indexedDB.open('besedka.offline')
    asked.onsuccess = () => {
      const reading = asked.result.transaction(['account', 'histories'])
      const counts = ['account', 'histories'].map((name) => reading.objectStore(name).count())
      reading.oncomplete = () => {
        asked.result.close()
        resolve(counts.every(({ result }) => result === 0))
      }
    }
  })), 'an empty database')
  await context.close()
})

test('a browser without IndexedDB is said once, and everything else works', async () => {
  const context = await device()
  await context.addInitScript(() => {
    const real = indexedDB.open.bind(indexedDB)
    IDBFactory.prototype.open = function (name, ...more) {
      if (name === 'besedka.offline') throw new DOMException('denied', 'SecurityError')
      return real(name, ...more)
    }
  })
  const { page } = await signUp(context, `Глеб ${unique()}`)
  await page.getByText('Браузер не даёт хранить данные').waitFor()
  await page.getByRole('navigation').getByRole('button', { name: 'Закрыть' }).click()
  await gone(page.getByText('Браузер не даёт хранить данные'))
  await page.reload()
  await page.getByRole('navigation', { name: 'Чаты' }).waitFor()
  await page.getByRole('button', { name: 'Новый чат' }).first().waitFor()
  assert.equal(await page.getByText('Браузер не даёт хранить данные').count(), 0)
  await context.close()
})
