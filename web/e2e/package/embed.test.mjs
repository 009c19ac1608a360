import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createReadStream, cpSync, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { api, BASE, close, open, PASSWORD, register, unique } from '../lib.mjs'
import { build, check, install } from './install.mjs'

// The server must allow this origin: --cors-origins http://127.0.0.1:5279
const PORT = Number(process.env.BESEDKA_EMBED_PORT ?? 5279)
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const web = new URL('../../', import.meta.url).pathname

let app, browser, host
before(async () => {
  app = install()
  browser = await open()
})
after(async () => {
  await close()
  host?.close()
})

function serve(folder) {
  host?.close()
  host = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  return new Promise((resolve) => host.listen(PORT, '127.0.0.1', resolve))
}

/// Two people in a group, with a token each.
async function group() {
  const [ann, bob] = [await register('Ann Host'), await register('Bob Guest')]
  const token = async ({ login }) => (await (await fetch(`${BASE}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': unique() },
    body: JSON.stringify({ email: login, password: PASSWORD }),
  })).json()).access_token
  const chat = await (await api(ann.login)).post('/chats', { title: `Team ${unique()}`, is_group: true, member_ids: [bob.id] })
  return { chat, ann: await token(ann), bob: await token(bob) }
}

async function visit(query) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  page.setDefaultTimeout(60_000)
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`http://127.0.0.1:${PORT}/?${new URLSearchParams({ server: BASE, ...query })}`)
  return { page, errors }
}

test('a fresh application type-checks against the packed package and builds', () => {
  assert.equal(check(app), '')
  build(app)
  assert.ok(existsSync(join(app, 'dist/index.html')))
})

test('the package can be imported and rendered without a window', () => {
  const code = `
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    const { ChatContainer } = await import('besedka-react')
    if (typeof window !== 'undefined') throw new Error('there is a window')
    process.stdout.write(renderToString(createElement(ChatContainer, { server: 'https://chat.example.org', getToken: () => 'x' })))`
  const html = execFileSync('node', ['--preserve-symlinks', '--input-type=module', '-e', code], { cwd: app, encoding: 'utf8' })
  assert.match(html, /class="besedka/)
})

test('on another site two people chat in two boxes that share nothing', async () => {
  if (!existsSync(join(app, 'dist/index.html'))) build(app)
  await serve(join(app, 'dist'))
  const { chat, ann, bob } = await group()
  const { page, errors } = await visit({ token: ann, other: bob, chat: String(chat.id) })
  const whole = page.getByRole('region', { name: 'Whole messenger' })
  const other = page.getByRole('region', { name: 'Somebody else\'s messenger' })
  await whole.getByRole('navigation', { name: 'Chats' }).getByRole('button', { name: chat.title }).click()
  await other.getByRole('navigation', { name: 'Чаты' }).getByRole('button', { name: chat.title }).click()
  await whole.getByRole('textbox', { name: 'Message' }).fill('from Ann')
  await whole.getByRole('textbox', { name: 'Message' }).press('Enter')
  await other.getByRole('article').filter({ hasText: 'from Ann' }).waitFor()
  await other.getByRole('textbox', { name: 'Сообщение' }).fill('from Bob')
  await other.getByRole('textbox', { name: 'Сообщение' }).press('Enter')
  await whole.getByRole('article').filter({ hasText: 'from Bob' }).waitFor()

  const form = page.getByRole('form', { name: 'Own form' })
  await form.getByText('the last one heard: from Bob').waitFor()
  await form.getByRole('textbox', { name: 'Text' }).fill('by a hook')
  await form.getByRole('button', { name: 'Send' }).click()
  await other.getByRole('article').filter({ hasText: 'by a hook' }).waitFor()

  // The host keeps its page: size, address, title and looks.
  const box = await whole.boundingBox()
  assert.deepEqual([box.width, box.height], [700, 480])
  const inside = await whole.locator('.besedka').boundingBox()
  assert.ok(inside.height <= 480, `the chat is ${inside.height} high`)
  assert.equal(await page.title(), 'An intranet with a chat')
  assert.equal(new URL(page.url()).pathname, '/')
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).overflow), 'visible')
  assert.deepEqual(errors, [])
  await page.context().close()
})

test('a script puts one chat on a page without React', async () => {
  const folder = join(app, 'site')
  cpSync(join(web, 'package/examples/widget'), folder, { recursive: true })
  for (const file of ['widget.js', 'widget.css']) cpSync(join(web, 'package/dist', file), join(folder, file))
  await serve(folder)
  const { chat, ann } = await group()
  const { page, errors } = await visit({ token: ann, chat: String(chat.id) })
  await page.getByRole('heading', { name: chat.title }).waitFor()
  await page.getByRole('textbox', { name: 'Message' }).fill('from the widget')
  await page.getByRole('textbox', { name: 'Message' }).press('Enter')
  await page.getByRole('article').filter({ hasText: 'from the widget' }).getByRole('img', { name: /Sent|Read/ }).waitFor()
  assert.deepEqual(errors, [])
  await page.context().close()
})
