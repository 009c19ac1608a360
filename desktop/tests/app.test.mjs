// The app itself, against a real server: connect, sign in, talk, be killed, lose nothing; and hostile content.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App, SERVER, home, line, person, until } from './lib.mjs'

const folder = home()
const FIELD = '//textarea[@aria-label="Сообщение" or @placeholder="Сообщение"] | //*[@role="textbox"]'
let app
let wire
let anna
let boris
let chat

before(async () => {
  wire = await line()
  anna = await person('Анна')
  boris = await person('Борис')
  chat = (await anna.call('POST', '/chats/direct', { user_id: boris.id })).id
  await boris.call('POST', '/messages', { chat_id: chat, type: 'text', content: 'Добро пожаловать в Беседку!' })
})
after(async () => {
  await app?.stop()
  wire.end()
})

const messages = async () => (await boris.call('GET', `/messages?chat_id=${chat}&limit=100`)).map(({ content }) => content)
const say = async (text) => {
  await app.type(FIELD, text)
  await app.type(FIELD, '\uE007')
}

test('a wrong address is refused in plain words, and the right one is kept', async () => {
  app = await App.start(folder)
  await app.shows('Подключение к серверу')
  await app.shot('connect')
  const enter = async (address) => {
    await app.run('const field = document.getElementById("address"); field.value = args[0]', address)
    await app.click('//button[@id="check"]')
  }
  await enter('http://nobody.invalid')
  await app.shows('Сервер nobody.invalid не найден')
  const foreign = createServer((_, answer) => answer.end('<h1>Welcome to nginx!</h1>'))
  await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve))
  await enter(`http://127.0.0.1:${foreign.address().port}`)
  await app.shows('отвечает не Беседка')
  await app.shot('connect-refused')
  foreign.close()
  await enter(wire.url)
  await app.find('//input[@type="password"]')
})

test('sign in, read what is there, send, receive', async () => {
  await app.shot('sign-in')
  await app.signIn(anna)
  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await app.shows('Добро пожаловать')
  await say('Привет из приложения')
  await until('the message arrives', async () => (await messages()).includes('Привет из приложения'))
  await boris.call('POST', '/messages', { chat_id: chat, type: 'text', content: 'Вижу тебя' })
  await app.shows('Вижу тебя')
  await app.shot('chat-light')
})

test('no token is where pages or other users of the computer can read it', async () => {
  const kept = await app.run('return JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])')
  assert.doesNotMatch(kept, /refresh|token/i)
  // There is no keyring on this bus: the file is the user's alone, and the page said so.
  const secrets = join(folder, 'config', 'org.besedka.desktop', 'secrets')
  assert.deepEqual(readdirSync(secrets), ['account-1.json'])
  assert.equal(statSync(join(secrets, 'account-1.json')).mode & 0o777, 0o600)
})

test('a sign-in is kept though a crash takes what the webview had not written yet', async () => {
  await app.kill()
  // WebKit writes localStorage some seconds later.
  rmSync(join(folder, 'data', 'org.besedka.desktop', 'accounts', '1', 'localstorage'), { recursive: true })
  app = await App.start(folder)
  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await app.shows('Вижу тебя')
})

test('a message that could not be sent survives kill -9 and arrives once', async () => {
  wire.cut()
  await say('Не отправлено до сбоя')
  await app.shows('Не отправлено до сбоя')
  // Kept before it is sent: as soon as the page shows it as waiting.
  await until('the outbox has it', async () => (await app.run(OUTBOX)).includes('Не отправлено до сбоя'))
  await app.shot('unsent')
  await app.kill()
  assert.ok(!(await messages()).includes('Не отправлено до сбоя'))
  // Without a network the app starts, and shows what it has.
  app = await App.start(folder)
  await app.shows('Борис')
  await app.shot('without-network')
  wire.mend()
  await until('it arrives', async () => (await messages()).includes('Не отправлено до сбоя'))
  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await app.shows('Не отправлено до сбоя')
  await until('the outbox is empty', async () => (await app.run(OUTBOX)).length === 0)
  assert.equal((await messages()).filter((text) => text === 'Не отправлено до сбоя').length, 1)
})

const OUTBOX = `
  const names = (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith('besedka') && !name.includes('offline'))
  const texts = []
  for (const name of names) {
    const db = await new Promise((resolve, reject) => { const asked = indexedDB.open(name); asked.onsuccess = () => resolve(asked.result); asked.onerror = () => reject(asked.error) })
    if (db.objectStoreNames.contains('outbox')) texts.push(...await new Promise((resolve) => { const asked = db.transaction('outbox').objectStore('outbox').getAll(); asked.onsuccess = () => resolve(asked.result.map(({ content }) => content)) }))
    db.close()
  }
  return texts`

test('a message whose answer never came is not sent twice', async () => {
  wire.state.isSwallowing = true
  await say('Ответ потерялся')
  await until('the server has it', async () => (await messages()).includes('Ответ потерялся'))
  await app.kill()
  wire.cut()
  wire.mend()
  app = await App.start(folder)
  await app.shows('Борис')
  await until('the outbox is empty', async () => (await app.run(OUTBOX)).length === 0)
  assert.equal((await messages()).filter((text) => text === 'Ответ потерялся').length, 1)
})

test('the page reaches only its own commands', async () => {
  const refused = async (command, args = {}) => app.run(
    'return window.__TAURI_INTERNALS__.invoke(args[0], args[1]).then(() => "allowed", (error) => String(error))', command, args)
  for (const [command, args] of [
    ['plugin:opener|open_url', { url: 'https://evil.example' }],
    ['plugin:opener|open_path', { path: '/etc/passwd' }],
    ['plugin:dialog|open', { options: {} }],
    ['plugin:dialog|save', { options: {} }],
    ['plugin:fs|read_file', { path: '/etc/passwd' }],
    ['plugin:window|close', {}],
    ['plugin:window|create', { options: {} }],
    ['plugin:webview|create_webview_window', { options: { url: 'https://evil.example' } }],
    ['plugin:event|emit', { event: 'x' }],
    ['plugin:autostart|enable', {}],
    ['plugin:log|log', { level: 3, message: 'x' }],
    ['plugin:deep-link|register', { protocol: 'https' }],
    ['plugin:shell|execute', { program: 'sh' }],
    ['plugin:window-state|save_window_state', {}],
  ]) {
    assert.match(await refused(command, args), /not allowed|not found|denied/i, command)
  }
  // Once there is a server, its page cannot lead the account, with its token, to another one.
  assert.match(await refused('check', { address: 'https://evil.example' }), /has its server/)
  assert.match(await refused('connect', { address: 'https://evil.example' }), /has its server/)
  assert.match(await refused('choose_certificate'), /has its server/)
  // Addresses outside the web.
  for (const url of ['file:///etc/passwd', 'besedka-server://localhost/~file%3A%2F%2F%2Fetc%2Fpasswd', 'nonsense']) {
    assert.match(await refused('save', { name: 'x', url }), /no address/)
  }
})

const EVIL = `<body><script>
  const mark = (text) => fetch('/mark?' + encodeURIComponent(text)).catch(() => {})
  mark('run ' + location.href)
  if (window.__TAURI_INTERNALS__) window.__TAURI_INTERNALS__.invoke('badge', { unread: 666 }).then(() => mark('badge'), (error) => mark('refused ' + error))
</script></body>`

test('hostile content runs nothing and leads nowhere', async () => {
  const heard = []
  const evil = createServer((request, answer) => {
    heard.push(decodeURIComponent(request.url))
    answer.setHeader('Access-Control-Allow-Origin', '*')
    answer.setHeader('Content-Type', 'text/html')
    answer.end(EVIL)
  })
  await new Promise((resolve) => evil.listen(0, '127.0.0.1', resolve))
  const at = `http://127.0.0.1:${evil.address().port}`
  const through = `besedka-server://localhost/~${encodeURIComponent(`${at}/evil.html`)}`

  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await boris.call('POST', '/messages', { chat_id: chat, type: 'text', content: `<img src=x onerror="window.hacked=1"><script>window.hacked=2</script> [нажми](javascript:window.hacked=3) ${at}/evil.html` })
  await app.shows('window.hacked=1')
  assert.equal(await app.run('return window.hacked ?? null'), null)
  assert.equal(await app.run('return document.querySelector("a[href^=javascript]") ? 1 : 0'), 0)

  const page = await app.url()
  assert.match(page, /^tauri:\/\/localhost\//)
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 1500))
  // What a hole in the page could try: another page in its place, a frame, a script, a window.
  for (const attempt of [
    `location.href = ${JSON.stringify(at)} + '/evil.html'`,
    `location.href = ${JSON.stringify(through)}`,
    `location.href = 'data:text/html,<h1>evil</h1>'`,
    `window.open(${JSON.stringify(through)})`,
    `const frame = document.createElement('iframe'); frame.src = ${JSON.stringify(through)}; document.body.append(frame)`,
    `const frame = document.createElement('iframe'); frame.src = ${JSON.stringify(at)} + '/evil.html'; document.body.append(frame)`,
    `const frame = document.createElement('iframe'); frame.srcdoc = ${JSON.stringify(EVIL.replaceAll('</', '<\\/'))}; document.body.append(frame)`,
    `const script = document.createElement('script'); script.textContent = 'window.hacked = 4'; document.body.append(script)`,
    `const script = document.createElement('script'); script.src = ${JSON.stringify(through)}; document.body.append(script)`,
    `const link = document.createElement('a'); link.href = ${JSON.stringify(through)}; link.download = 'x'; document.body.append(link); link.click()`,
    `const form = document.createElement('form'); form.action = ${JSON.stringify(through)}; document.body.append(form); form.submit()`,
  ]) {
    await app.run(`${attempt}; return 1`)
    await quiet()
    assert.equal(await app.url(), page, attempt)
  }
  assert.equal(await app.run('return window.hacked ?? null'), null)
  assert.deepEqual(heard.filter((url) => url.startsWith('/mark')), [])
  // The page itself cannot ask other hosts: only by the shell, which tells them nothing.
  assert.equal(await app.run(`return fetch(${JSON.stringify(`${at}/direct`)}).then(() => 'answered', () => 'refused')`), 'refused')
  assert.ok(!heard.includes('/direct'))
  evil.close()
})

test('requests go through the proxy of the system', async (context) => {
  const asked = []
  const proxy = createServer(async ({ url }, answer) => {
    asked.push(url)
    answer.end(Buffer.from(await (await fetch(new URL(new URL(url).pathname, SERVER))).arrayBuffer()))
  })
  context.after(() => proxy.close())
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  // The driver's own connection to the app is on this computer.
  const env = { http_proxy: `http://127.0.0.1:${proxy.address().port}`, no_proxy: '127.0.0.1,localhost' }
  // A second start beside the first would only show its window.
  await app.stop()
  app = await App.start(home(), { env })
  await app.find('//button[@id="check" and string-length(.) > 0]')
  await app.run('const field = document.getElementById("address"); field.value = "http://chat.invalid"')
  await app.click('//button[@id="check"]')
  await app.shows('chat.invalid')
  assert.deepEqual(asked, ['http://chat.invalid/openapi/v1.json'])
})

test('in the dark, and in English', async () => {
  await app.stop()
  app = await App.start(folder, { theme: 'dark' })
  await app.shows('Борис')
  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await app.shows('Вижу тебя')
  await app.shot('chat-dark')
  await app.stop()
  app = await App.start(home(), { language: 'en_US.UTF-8' })
  await app.shows('Connect to a server')
  await app.shot('connect-english')
})

test('what keeps the app from starting is said in a dialog', async () => {
  await app.stop()
  const other = home()
  mkdirSync(join(other, 'config'))
  // A file in the place of the folder for settings.
  writeFileSync(join(other, 'config', 'org.besedka.desktop'), '')
  const { code, written } = await App.fails(other)
  assert.equal(code, 1)
  assert.match(written, /the app could not start: .*org\.besedka\.desktop/)
})
