// The documentation pages in a browser, beside the server that BESEDKA_URL names.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const base = process.env.BESEDKA_URL
let browser

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
})
after(() => browser?.close())

// A page, and what it must not do: complain (a refusal by the policy is a complaint) or ask anyone else.
async function open(path, options = {}) {
  const page = await browser.newPage(options)
  // Drawing the whole API takes a busy machine a while.
  page.setDefaultTimeout(60_000)
  const complaints = []
  page.on('console', (line) => ['error', 'warning'].includes(line.type()) && complaints.push(line.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== base) complaints.push(`asked ${request.url()}`)
  })
  page.on('response', (answer) => answer.status() >= 400 && !answer.url().includes('/api/') && complaints.push(`${answer.status()} ${answer.url()}`))
  await page.goto(base + path)
  return { page, complaints }
}

test('every API can be chosen and is shown, without a complaint', async () => {
  const { page, complaints } = await open('/docs')
  await page.waitForFunction(() => document.title === 'Беседка API')
  // The list of APIs is fetched after the page has loaded.
  await page.locator('#choice option').first().waitFor({ state: 'attached' })
  const names = await page.locator('#choice option').evaluateAll((options) => options.map((option) => option.value))
  assert.ok(names.length > 0)
  for (const name of names) {
    await page.selectOption('#choice', name)
    await page.waitForURL(name === names[0] ? '**/docs*' : `**/docs?api=${name}`)
    await page.locator('.opblock').first().waitFor()
  }
  assert.deepEqual(complaints, [])
  await page.close()
})

test('each request has a fresh key, unless the reader typed one', async () => {
  const { page, complaints } = await open('/docs')
  const call = page.locator('.opblock-post', { has: page.locator('[data-path*="register"], [data-path*="messages"]') }).first()
  await call.locator('.opblock-summary-control').click()
  const field = call.locator('tr[data-param-name="Idempotency-Key" i] input')
  const send = async () => {
    const [request] = await Promise.all([
      page.waitForRequest((request) => request.method() === 'POST'),
      call.locator('.execute').click(),
    ])
    return request.headers()['idempotency-key']
  }
  const first = await send()
  assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  await page.waitForFunction(([input, key]) => input.value === key, [await field.elementHandle(), first])
  assert.notEqual(await send(), first)
  await field.fill('mine')
  // Swagger UI takes what is typed after a pause, or when the field is left.
  await field.blur()
  assert.equal(await send(), 'mine')
  assert.deepEqual(complaints.filter((line) => !line.startsWith('Failed to load resource')), [])
  await page.close()
})

test('a token is kept when the page is opened again', async () => {
  const { page } = await open('/docs')
  await page.locator('.btn.authorize').first().click()
  await page.locator('.auth-container input').first().fill('a-token')
  await page.locator('.auth-btn-wrapper .authorize').first().click()
  await page.locator('.auth-btn-wrapper').getByText('Logout').first().waitFor()
  await page.reload()
  await page.locator('.btn.authorize.locked').first().waitFor()
  await page.close()
})

test('the events are told in light and dark, without a complaint', async () => {
  const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core')), 'utf8')
  for (const colorScheme of ['light', 'dark']) {
    const { page, complaints } = await open('/docs/events', { colorScheme })
    await page.locator('article#sent-message\\.created table').first().waitFor()
    await page.locator('#contents a').nth(3).waitFor()
    assert.deepEqual(complaints, [])
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => globalThis.axe.run())
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [])
    await page.close()
  }
})

test('the first calls of a newcomer work by pressing Execute alone', async () => {
  const { page, complaints } = await open('/docs')
  for (const [path, status] of [['/auth/register', 201], ['/chats', 201], ['/messages', 201]]) {
    const call = page.locator('.opblock-post', { has: page.locator(`[data-path="${path}"]`) })
    // Of a long document, Swagger UI renders what is near.
    for (let screens = 0; screens < 100 && await call.count() === 0; screens++) {
      await page.evaluate(() => scrollBy(0, 400))
      await page.waitForTimeout(100)
    }
    await call.locator('.opblock-summary-control').click()
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith(`/api/v1${path}`)),
      call.locator('.execute').click(),
    ])
    assert.equal(answer.status(), status, `${path}: ${await answer.text()}`)
  }
  assert.deepEqual(complaints, [])
  await page.close()
})

test('an operation is found by its summary, and an error by its code', async () => {
  const { page } = await open('/docs')
  await page.locator('.opblock').first().waitFor()
  await page.locator('.operation-filter-input').fill('poll')
  await page.locator('.opblock', { hasText: /poll/i }).first().waitFor()
  await page.waitForFunction(() => document.querySelectorAll('.opblock').length < 12)
  // The codes are in the document that is shown, and nowhere else on the page.
  assert.equal(await page.locator('td', { hasText: /^insufficient_scope$/ }).count(), 1)
  await page.close()
})
