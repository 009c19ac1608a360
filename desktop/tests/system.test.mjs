// The app and the system around it: tray, notifications, second starts, links, the start with the system, windows.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App, Desktop, home, line, person, until } from './lib.mjs'

const folder = home()
let app
let wire
let desktop
let anna
let boris
let vera
let withBoris
let withVera

const say = (who, chat, content) => who.call('POST', '/messages', { chat_id: chat, type: 'text', content })
const at = (path) => until(`the page is ${path}`, async () => new URL(await app.url()).pathname === path)

before(async () => {
  wire = await line()
  desktop = await Desktop.start()
  anna = await person('Анна')
  boris = await person('Борис')
  vera = await person('Вера')
  withBoris = (await anna.call('POST', '/chats/direct', { user_id: boris.id })).id
  withVera = (await anna.call('POST', '/chats/direct', { user_id: vera.id })).id
  await say(boris, withBoris, 'Первое')
  await say(vera, withVera, 'Второе')
  app = await App.start(folder)
  await app.connect(wire.url)
  await app.signIn(anna)
  await app.shows('Борис')
})
after(async () => {
  await app?.stop()
  desktop?.stop()
  wire?.end()
})

test('the tray has the number of unread messages, and a menu', async () => {
  const some = await until('the number is on the icon', async () => {
    const tray = await desktop.tray()
    return tray.red > 0 && tray
  })
  writeFileSync(new URL('./screenshots/tray.png', import.meta.url), Buffer.from(some.png, 'base64'))
  // Not where other users of the computer have theirs.
  assert.ok(some.file.startsWith(folder), some.file)
  assert.ok(some.menu.includes('Открыть Беседку') && some.menu.includes('Выйти из приложения'), some.menu.join())
  assert.ok(some.menu.some((label) => label.includes('Анна')), some.menu.join())
  // What was read elsewhere is not counted any more.
  for (const chat of [withBoris, withVera]) {
    const messages = await anna.call('GET', `/messages?chat_id=${chat}&limit=1`)
    await anna.call('POST', `/chats/${chat}/read`, { message_id: messages[0].id })
  }
  await until('the icon is plain', async () => (await desktop.tray()).red === 0)
})

test('a notification opens its chat, also while the window is closed', async () => {
  await app.close()
  await say(vera, withVera, 'Ты где?')
  const { summary, body, actions, entry } = await desktop.notified('Ты где?')
  assert.deepEqual({ summary, body, entry }, { summary: 'Вера', body: 'Ты где?', entry: 'besedka-desktop' })
  assert.ok(actions.includes('default'))
  await say(boris, withBoris, '<b>Срочно</b> & важно')
  const second = await desktop.notified('Срочно')
  assert.equal(second.body, '&lt;b&gt;Срочно&lt;/b&gt; &amp; важно')
  await desktop.press(await desktop.notified('Ты где?'))
  await at(`/chats/${withVera}`)
  await until('the window is there again', () => app.window())
  await desktop.press(second)
  await at(`/chats/${withBoris}`)
  await app.shot('opened-by-notification')
})

test('a second start shows the window of the first, and a link opens its chat there', async () => {
  const first = app.pid()
  await app.close()
  assert.equal(await app.again(), 0)
  await until('the window is there again', () => app.window())
  assert.equal(await app.again(`besedka://chat/${withVera}`), 0)
  await at(`/chats/${withVera}`)
  // Nothing that is no link leads anywhere.
  for (const argument of ['besedka://settings/1', 'https://evil.example/', 'file:///etc/passwd']) assert.equal(await app.again(argument), 0)
  assert.equal(new URL(await app.url()).pathname, `/chats/${withVera}`)
  assert.equal(app.pid(), first)
})

test('what a link or a notification opens is shown after the page was loaded anew, and while it is', async () => {
  await app.close()
  await say(boris, withBoris, 'Ещё здесь?')
  const notification = await desktop.notified('Ещё здесь?')
  await app.again()
  await until('the window is there again', () => app.window())
  await app.reload()
  assert.equal(await app.again(`besedka://chat/${withVera}`), 0)
  await at(`/chats/${withVera}`)
  await app.reload(() => desktop.press(notification))
  await at(`/chats/${withBoris}`)
})

test('the keys of the menu make everything larger, and that is kept', async () => {
  const width = () => app.run('return innerWidth')
  const kept = () => JSON.parse(readFileSync(join(folder, 'config', 'org.besedka.desktop', 'accounts.json'), 'utf8')).accounts[0].zoom
  const usual = await width()
  app.key('ctrl+equal')
  await until('everything is larger', async () => (await width()) < usual)
  assert.equal(kept(), 1.1)
  app.key('ctrl+0')
  await until('everything is as large as usual', async () => (await width()) === usual)
  assert.equal(kept(), 1)
})

test('it starts with the system, in the tray, when the user wants that', async () => {
  const autostart = join(folder, '.config', 'autostart')
  const entries = () => [autostart, join(folder, 'config', 'autostart')].filter((name) => existsSync(name)).flatMap((name) => readdirSync(name).map((file) => join(name, file)))
  assert.deepEqual(entries(), [])
  await desktop.choose('Открыть Беседку')
  await app.menu(0, 0)
  const [entry] = await until('an entry to start with', () => entries().length === 1 && entries())
  const text = readFileSync(entry, 'utf8')
  assert.match(text, /^Exec=.*besedka-desktop.* --hidden$/m)
  await app.stop()
  app = await App.start(folder, { args: ['--hidden'] })
  await until('what comes in the tray is notified', async () => {
    await say(boris, withBoris, 'Ты в трее?')
    return desktop.notifications.some(({ body }) => body === 'Ты в трее?')
  })
  assert.equal(app.window(), undefined)
  await desktop.choose('Открыть Беседку')
  await until('the window is there', () => app.window())
  await app.menu(0, 0)
  await until('no entry', () => entries().length === 0)
})

test('the tray ends the app, and the window comes back as it was', async () => {
  app.resize({ width: 905, height: 655 })
  const { width, height } = await until('the window has the size', () => app.size().width === 905 && app.size())
  const ends = await app.ends()
  await desktop.choose('Выйти из приложения')
  await ends()
  await app.stop()
  app = await App.start(folder)
  await app.shows('Борис')
  await until('the window is as it was', () => app.size().width === width && app.size().height === height)
})

test('a link to another server asks before anything is sent there', async () => {
  const other = 'https://other.example'
  assert.equal(await app.again(`besedka://join/abc?server=${encodeURIComponent(other)}`), 0)
  const accounts = () => JSON.parse(readFileSync(join(folder, 'config', 'org.besedka.desktop', 'accounts.json'), 'utf8')).accounts
  await until('a window for the new server', () => accounts().length === 2)
  assert.equal(accounts()[1].server, null)
  assert.equal(accounts()[0].server.url, `${wire.url}/`)
})

test('after a start all accounts receive, not only the one whose window is shown', async () => {
  await app.stop()
  app = await App.start(folder)
  await app.shows('Подключение к серверу')
  await until('what comes to the other account is notified', async () => {
    await say(vera, withVera, 'Другому аккаунту')
    return desktop.notifications.some(({ body }) => body === 'Другому аккаунту')
  }, 30_000)
  assert.ok(await app.find('//button[@id="check"]'))
})

test('a link to another server is entered also where the page that asks for an address is open', async () => {
  await app.find('//button[@id="check" and string-length(.) > 0]')
  assert.equal(await app.run('return document.getElementById("address").value'), '')
  assert.equal(await app.again(`besedka://join/def?server=${encodeURIComponent('https://third.example')}`), 0)
  await until('the address is there', () => app.run('return document.getElementById("address").value === "https://third.example/join/def"'))
})
