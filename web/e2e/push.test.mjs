// Pushes: the browser's push service is not there, so that what it would deliver is delivered by the debugger.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, axe, BASE, bubble, close, device, notifications, open, press, push, register, signUp, until, visit } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// Somebody whose browser has the service worker, and somebody who writes to them.
async function start(names, options = {}) {
  const context = await device({ permissions: ['notifications'], ...options })
  await context.addInitScript(fakePushService)
  const reader = await signUp(context, names[0])
  await reader.page.evaluate(() => navigator.serviceWorker.ready)
  const writer = await register(names[1])
  const [hers, his] = [await api(reader.login), await api(writer.login)]
  const me = await hers.get('/users/me')
  const chat = await his.post('/chats/direct', { user_id: me.id })
  return { context, page: reader.page, hers, his, chat, writer }
}

/// What is shown while no page is open: seen from a page that is none of the messenger's.
async function shown(context) {
  const outside = await visit(context, '/health')
  const found = await notifications(outside)
  await outside.close()
  return found
}

const say = (who, chat, content) => who.post('/messages', { chat_id: chat.id, type: 'text', content })
const told = (chat, message, more) => ({ type: 'message', chat_id: chat.id, message_id: message.id, ...more })

/// A push service in the page: a subscription with keys like a real one.
function fakePushService() {
  if (!globalThis.PushManager) return
  const at = 'https://push.example.org/send/'
  const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
  const kept = () => JSON.parse(localStorage.getItem('test.push') ?? 'null')
  const subscription = ({ endpoint, key, keys }) => ({
    endpoint,
    options: { applicationServerKey: Uint8Array.from(key).buffer },
    toJSON: () => ({ endpoint, expirationTime: null, keys }),
    unsubscribe: async () => { localStorage.removeItem('test.push'); return true },
  })
  PushManager.prototype.getSubscription = async () => kept() && subscription(kept())
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error('silent pushes are not allowed')
    const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
    const p256dh = base64(await crypto.subtle.exportKey('raw', pair.publicKey))
    const auth = base64(crypto.getRandomValues(new Uint8Array(16)))
    const one = { endpoint: at + crypto.randomUUID(), key: [...applicationServerKey], keys: { p256dh, auth } }
    localStorage.setItem('test.push', JSON.stringify(one))
    return subscription(one)
  }
}

test('a pushed message is shown while no page is open, and pressing it opens the chat', async () => {
  const { context, page, his, chat } = await start(['Ольга Лис', 'Пётр Ёж'])
  await page.close()
  const first = await say(his, chat, 'Вы дома?')
  await push(context, told(chat, first, { chat_title: null, author_name: 'Пётр Ёж', text: 'Вы дома?', mention: false }))
  await until(async () => (await shown(context)).length === 1, 'the notification')
  assert.deepEqual(await shown(context), [{ title: 'Пётр Ёж', body: 'Вы дома?' }])
  // The next one of the chat replaces it; what is no message is passed over.
  const second = await say(his, chat, 'Ау!')
  await push(context, told(chat, second, { chat_title: 'Дом', author_name: 'Пётр Ёж', text: 'Ау!', mention: false }))
  await until(async () => (await shown(context))[0]?.title === 'Дом', 'the newer one')
  assert.deepEqual(await shown(context), [{ title: 'Дом', body: 'Пётр Ёж: Ау!' }])
  await push(context, 'no JSON')
  const again = await visit(context, '/')
  await again.getByRole('navigation', { name: 'Чаты' }).waitFor()
  await press(again)
  await bubble(again, 'Ау!').waitFor()
  assert.equal(new URL(again.url()).pathname, `/chats/${chat.id}`)
  await context.close()
})

test('a push without content says in the language of the page that there is a message', async () => {
  const { context, page, his, chat } = await start(['Рита Лис', 'Савва Ёж'])
  await page.close()
  const message = await say(his, chat, 'секрет')
  await push(context, told(chat, message))
  await until(async () => (await shown(context)).length === 1, 'the notification')
  assert.deepEqual(await shown(context), [{ title: 'Беседка', body: 'Новое сообщение' }])
  await context.close()
})

test('a notification is closed when its chat is read on another device', async () => {
  const { context, page, hers, his, chat } = await start(['Таня Лис', 'Уля Ёж'])
  await page.close()
  const message = await say(his, chat, 'прочти')
  await push(context, told(chat, message, { chat_title: null, author_name: 'Уля Ёж', text: 'прочти', mention: false }))
  const again = await visit(context, '/')
  await again.getByRole('navigation', { name: 'Чаты' }).getByText('прочти').waitFor()
  assert.equal((await notifications(again)).length, 1, 'it stays while the message is unread')
  await hers.post(`/chats/${chat.id}/read`, {})
  await until(async () => (await notifications(again)).length === 0, 'it is closed')
  await context.close()
})

test('this browser is registered with its choices, and no longer once notifications are off', async () => {
  const { context, page, hers } = await start(['Фёкла Лис', 'Харитон Ёж'])
  const devices = () => hers.get('/users/me/push-subscriptions')
  await until(async () => (await devices()).length === 1, 'the subscription')
  const [made] = await devices()
  assert.match(made.endpoint, /^https:\/\/push\.example\.org\//)
  assert.deepEqual([made.hide_content, made.quiet_until], [false, null])
  await page.getByRole('button', { name: /^Профиль: / }).click()
  const settings = page.getByRole('dialog')
  await settings.getByRole('navigation').getByRole('button', { name: 'Уведомления', exact: true }).click()
  await settings.getByText('В том числе когда страница закрыта').waitFor()
  assert.deepEqual(await axe(page), [])
  await settings.getByRole('switch', { name: /Показывать текст/ }).click()
  await until(async () => (await devices())[0].hide_content, 'the content is hidden')
  await settings.getByRole('radio', { name: '1 час' }).click()
  await until(async () => (await devices())[0].quiet_until !== null, 'do not disturb')
  assert.equal((await devices())[0].id, made.id)
  await page.reload()
  await page.getByRole('navigation', { name: 'Чаты' }).waitFor()
  assert.equal((await devices())[0].endpoint, made.endpoint)
  // As the choice of this browser, they are off again.
  await page.evaluate(() => localStorage.setItem('besedka.notifications', JSON.stringify({ desktop: false })))
  await page.reload()
  await until(async () => (await devices()).length === 0, 'it is ended')
  assert.equal(new URL(page.url()).origin, BASE)
  await context.close()
})
