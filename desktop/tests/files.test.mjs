// Files: chosen, dropped on the page, received, and saved where the user says; and messages larger than one call of the shell.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App, SERVER, home, person, until } from './lib.mjs'

const folder = home()
const bytes = randomBytes(300_000)
let app
let anna
let boris
let chat

before(async () => {
  anna = await person('Анна')
  boris = await person('Борис')
  chat = await anna.meets(boris)
  app = await App.start(folder)
  await app.connect(SERVER)
  await app.signIn(anna)
  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await app.shows('Здравствуйте!')
})
after(() => app?.stop())

/** What Boris gets by this name: its bytes. */
async function got(name) {
  const id = await until(`${name} arrives`, async () => {
    const messages = await boris.call('GET', `/messages?chat_id=${chat}&limit=20`)
    return messages.flatMap(({ attachments }) => attachments).find(({ filename }) => filename === name)?.id
  })
  const { url } = await boris.call('GET', `/attachments/${id}/info`)
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

test('a file that is chosen arrives whole', async () => {
  const path = join(folder, 'отчёт.bin')
  writeFileSync(path, bytes)
  await app.type('//input[@type="file"]', path)
  await app.shows('отчёт.bin')
  await app.click('//button[@aria-label="Отправить"]')
  assert.ok(bytes.equals(await got('отчёт.bin')))
})

test('files that are dropped on the window out of another program arrive whole, and no other file can be asked for', async () => {
  const paths = ['чертёж №1.bin', 'plan.bin'].map((name) => join(folder, name))
  for (const path of paths) writeFileSync(path, bytes)
  await app.drop(...paths, folder)
  for (const name of ['чертёж №1.bin', 'plan.bin']) await app.shows(name)
  for (const id of [0, 1, 2]) {
    const asked = app.run('return window.__TAURI_INTERNALS__.invoke("dropped", { id: args[0] })', id)
    await assert.rejects(asked, /no such file was dropped/)
  }
  await app.click('//button[@aria-label="Отправить"]')
  for (const name of ['чертёж №1.bin', 'plan.bin']) assert.ok(bytes.equals(await got(name)))
})

test('a drop before the files of the last one were read: each file has its own bytes under its own name', async () => {
  const files = { 'первый.bin': randomBytes(1000), 'второй.bin': randomBytes(2000), 'третий.bin': randomBytes(3000) }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const [first, second, third] = Object.keys(files).map((name) => join(folder, name))
  // The page's questions wait until both drops were made, as those for large files would.
  await app.run(`
    const { fetch } = window
    const isMade = new Promise((resolve) => (window.goOn = resolve))
    window.held = 0
    window.fetch = async (...request) => {
      if (String(request[0]).endsWith('/dropped')) {
        window.held += 1
        await isMade
      }
      return fetch(...request)
    }
  `)
  await app.drop(first, second)
  await until('the first drop is asked for', () => app.run('return window.held === 1'))
  await app.drop(third)
  await until('the second drop is asked for', () => app.run('return window.held === 2'))
  await app.run('window.goOn()')
  for (const name of Object.keys(files)) await app.shows(name)
  await app.click('//button[@aria-label="Отправить"]')
  for (const [name, content] of Object.entries(files)) assert.ok(content.equals(await got(name)), name)
})

test('a picture that is dropped is sent as one', async () => {
  const path = join(folder, 'точка.png')
  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  writeFileSync(path, Buffer.from(png, 'base64'))
  await app.drop(path)
  await app.shows('точка.png')
  await app.click('//button[@aria-label="Отправить"]')
  await until('the picture arrives', async () => {
    const [newest] = await boris.call('GET', `/messages?chat_id=${chat}&limit=1`)
    return newest.type === 'image'
  })
})

test('a received file is saved where the user says, and nowhere when they change their mind', async () => {
  const form = await boris.call('POST', '/attachments', { filename: 'план.bin', content_type: 'application/octet-stream', size: bytes.length })
  const parts = new FormData()
  for (const [name, value] of Object.entries(form.fields)) if (value != null) parts.append(name, value)
  parts.append('file', new Blob([bytes]), 'план.bin')
  assert.ok((await fetch(form.url, { method: 'POST', body: parts })).ok)
  await boris.call('POST', '/messages', { chat_id: chat, type: 'file', payload: { attachment_id: form.attachment_id } })
  const button = '//button[contains(., "Скачать") and contains(., "план.bin")]'
  const path = join(folder, 'saved.bin')
  await app.click(button)
  await app.dialog('Escape')
  await app.click(button)
  await app.dialog('ctrl+a', path, 'Return')
  await until('the file is saved', () => existsSync(path) && bytes.equals(readFileSync(path)))
})

test('a text that the page has is saved as a file is', async () => {
  const path = join(folder, 'text.csv')
  const saved = app.run('return window.__TAURI_INTERNALS__.invoke("save_text", { name: "../a.csv", text: "я,1\\n" })')
  await app.dialog('ctrl+a', path, 'Return')
  assert.equal(await saved, true)
  assert.equal(readFileSync(path, 'utf8'), 'я,1\n')
})

test('a message that is too large for one call of the shell arrives', async () => {
  const text = `${'длинно '.repeat(550)}конец`
  await boris.call('POST', '/messages', { chat_id: chat, type: 'text', content: text })
  await boris.call('POST', '/messages', { chat_id: chat, type: 'text', content: 'после длинного' })
  await app.shows('после длинного')
  await app.run('for (const button of document.querySelectorAll("button")) if (button.textContent.includes("Показать")) button.click()')
  await app.shows('длинно конец')
})
