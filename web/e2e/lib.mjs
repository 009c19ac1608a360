// What every story needs: a browser, people in it, and watchers of what a page must never do.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export const BASE = process.env.BESEDKA_URL ?? 'http://127.0.0.1:8000'
/// The same server under a name that the browser does not trust as it trusts localhost: plain HTTP, as in an office.
export const PLAIN = BASE.replace(/^http:\/\/[^:/]+/, 'http://besedka.test')
export const PASSWORD = 'correct horse battery'
export const SHOTS = new URL('./screenshots/', import.meta.url).pathname
mkdirSync(SHOTS, { recursive: true })

const QUIET = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP besedka.test 127.0.0.1',
]
/// How long a story waits for anything. Nothing here takes a second; a busy machine takes many.
export const PATIENCE = Number(process.env.PATIENCE ?? 60_000)
const MICROPHONE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

let browser
export async function open() {
  // A path of its own, so that nothing of an earlier run is found.
  process.env.XDG_CONFIG_HOME = mkdtempSync(join(tmpdir(), 'besedka-e2e-'))
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...QUIET, ...MICROPHONE],
  })
  return browser
}
export const close = () => browser?.close()

export const unique = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`

/// What each page did that it must not: violations of the policy, foreign hosts, errors.
const offences = []

export async function device(options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'ru-RU',
    timezoneId: 'Asia/Bishkek',
    permissions: ['microphone', 'clipboard-read', 'clipboard-write'],
    ...options,
  })
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
    })
  })
  const hosts = [BASE, PLAIN, process.env.BESEDKA_TEST_BUCKET && new URL(process.env.BESEDKA_TEST_BUCKET).searchParams.get('endpoint')]
    .filter(Boolean)
    .map((url) => new URL(url).host)
  context.on('request', (request) => {
    const url = new URL(request.url())
    // The last two are the browser's own PDF viewer.
    if (['blob:', 'data:', 'chrome:', 'chrome-extension:'].includes(url.protocol)) return
    if (!hosts.includes(url.host)) offences.push(`request to ${url.host}`)
  })
  context.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !expected(text)) offences.push(`console: ${text}`)
  })
  context.on('weberror', (error) => offences.push(`error: ${error.error().stack}`))
  context.setDefaultTimeout(PATIENCE)
  return context
}

// The browser itself reports every refused or failed request as an error, over plain HTTP that a header has no effect
// there, and that its contexts have no push service; those are parts of stories here.
const expected = (text) =>
  /Failed to load resource|WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|Cross-Origin-Opener-Policy header has been ignored|does not support the Push API in incognito mode/.test(text)

export function assertWellBehaved() {
  assert.deepEqual(offences.splice(0), [])
}

export async function visit(context, path = '/', base = BASE) {
  const page = await context.newPage()
  await page.goto(base + path)
  return page
}

/// Signs a new person up through the page.
export async function signUp(context, name, login = `${unique()}@example.com`, base = BASE) {
  const page = await visit(context, '/', base)
  // The page's language is known once there is a form.
  await page.locator('form').waitFor()
  const english = (await page.evaluate(() => document.documentElement.lang)) === 'en'
  await page.getByRole('button', { name: english ? 'Sign up' : 'Зарегистрироваться' }).click()
  await page.getByLabel(english ? 'Name' : 'Имя', { exact: true }).fill(name)
  await page.getByLabel(english ? 'Email or username' : 'Почта или имя пользователя').fill(login)
  await page.getByLabel(english ? 'Password' : 'Пароль', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: english ? 'Sign up' : 'Зарегистрироваться' }).click()
  await page.getByRole('navigation', { name: english ? 'Chats' : 'Чаты' }).waitFor()
  return { page, login, name }
}

export const field = (page) => page.getByRole('textbox', { name: /^(Сообщение|Message)$/ })
export const history = (page) => page.getByRole('region', { name: /^(Сообщения|Messages)$/ })
export const bubble = (page, text) => history(page).getByRole('article').filter({ hasText: text })

export async function say(page, text) {
  await field(page).fill(text)
  await field(page).press('Enter')
  await bubble(page, text).first().waitFor()
}

/// Opens a private chat with somebody found by name.
export async function talkTo(page, name) {
  await page.getByRole('button', { name: 'Новый чат' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox').fill(name)
  await dialog.getByRole('button', { name: new RegExp(name) }).first().click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
}

export const chatRow = (page, title) => page.getByRole('navigation').getByRole('listitem').filter({ hasText: title })

export const gone = (locator) => locator.waitFor({ state: 'detached' })
export const delivered = (page, text) => bubble(page, text).getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()

/// Asks until the answer is yes: for what no locator can wait for.
export async function until(question, what) {
  const end = Date.now() + PATIENCE
  while (!(await question())) {
    assert.ok(Date.now() < end, `never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/// Waits until nothing moves: fonts are there, what appears has appeared, what scrolls has stopped.
export const still = (page) => page.evaluate(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const passing = () => document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime))
  const places = () => [...document.querySelectorAll('article, dialog, [role=menu], [role=region]')]
    .map((one) => `${one.scrollTop} ${Object.values(one.getBoundingClientRect().toJSON())}`).join()
  await document.fonts.ready
  for (let before = '', calm = 0; calm < 10;) {
    await Promise.allSettled(passing().map((one) => one.finished))
    await frame()
    calm = places() === before ? calm + 1 : 0
    before = places()
  }
})

export async function shot(page, name) {
  await still(page)
  await page.screenshot({ path: `${SHOTS}${name}.png` })
}

/// The same server without a page: to say a lot quickly.
export async function api(login) {
  const call = async (method, path, body, token) => {
    const answer = await fetch(`${BASE}/api/v1${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': crypto.randomUUID(),
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
    })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
    return answer.status === 204 ? null : answer.json()
  }
  const { access_token } = await call('POST', '/auth/login', { email: login, password: PASSWORD })
  return {
    get: (path) => call('GET', path, undefined, access_token),
    post: (path, body) => call('POST', path, body, access_token),
    put: (path, body) => call('PUT', path, body, access_token),
    patch: (path, body) => call('PATCH', path, body, access_token),
  }
}

/// Signs somebody up without a page; answers their login.
export async function register(name, login = `${unique()}@example.com`) {
  const answer = await fetch(`${BASE}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify({ email: login, password: PASSWORD, display_name: name }),
  })
  assert.equal(answer.status, 201, await answer.clone().text())
  return { login, ...(await answer.json()).user }
}

/// The notifications that are shown, by any page of the server in a browser.
export const notifications = (page) => page.evaluate(async () => {
  const worker = await navigator.serviceWorker.getRegistration('/')
  return (await worker.getNotifications()).map(({ title, body }) => ({ title, body }))
})

/// Presses the one that is shown. A browser lets only a person's press bring a page to the front.
export async function press(page) {
  const [worker] = page.context().serviceWorkers()
  await worker.evaluate(async () => {
    globalThis.WindowClient.prototype.focus = async function () { return this }
    const [shown] = await globalThis.registration.getNotifications()
    await globalThis.openPressed(shown)
  })
}

/// Has the browser's push service deliver something to the service worker.
export async function push(context, told) {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  const found = new Promise((resolve) => session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const one = registrations.find(({ scopeURL, isDeleted }) => !isDeleted && scopeURL === `${BASE}/`)
    if (one) resolve(one.registrationId)
  }))
  await session.send('ServiceWorker.enable')
  const data = typeof told === 'string' ? told : JSON.stringify(told)
  await session.send('ServiceWorker.deliverPushMessage', { origin: BASE, registrationId: await found, data })
  await page.close()
}

/// Serious and critical findings of axe.
export async function axe(page) {
  const { createRequire } = await import('node:module')
  const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
  const { readFileSync } = await import('node:fs')
  // Through the debugger, because the policy (rightly) refuses an injected script.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(readFileSync(source, 'utf8'))
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`)
}
