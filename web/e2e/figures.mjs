// The figures of the web client beside the server at BESEDKA_URL, printed and not asserted: they are a machine's own.
// `BESEDKA_URL=… node e2e/figures.mjs`; MESSAGES says how long the long chat is.
import { register, api, BASE, bubble, close, device, field, history, open, PASSWORD, unique, visit } from './lib.mjs'

const MESSAGES = Number(process.env.MESSAGES ?? 10_000)
const SENT = Number(process.env.SENT ?? 50)
const STARTS = 5
const PARALLEL = 16

const rank = (all, share) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))]
const ms = (all) => `p50 ${rank(all, 0.5).toFixed(0)} ms, p95 ${rank(all, 0.95).toFixed(0)} ms`
const print = (what, value) => console.log(`${what.padEnd(64)} ${value}`)

/// Bytes of scripts that a page loaded, as they came over the wire.
const scripts = (page) => page.evaluate(() => performance.getEntriesByType('resource')
  .filter(({ name }) => name.endsWith('.js')).reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000)
/// Milliseconds from the start of the page until now.
const since = (page) => page.evaluate(() => performance.now())

async function signIn(context, login) {
  const page = await visit(context)
  await page.locator('form').waitFor()
  await page.locator('input:not([type=password])').first().fill(login)
  await page.locator('input[type=password]').fill(PASSWORD)
  await page.locator('form button[type=submit]').click()
  await page.getByRole('navigation').getByRole('listitem').first().waitFor()
  return page
}

async function fill(owner, chat) {
  let left = MESSAGES
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    while (left > 0) {
      left -= 1
      await owner.post('/messages', { chat_id: chat, type: 'text', content: `Message ${left} with a few words to wrap` })
    }
  }))
}

async function starts(context, path, ready, count = STARTS) {
  const times = []
  for (let n = 0; n < count; n++) {
    const page = await visit(context, path)
    await ready(page).waitFor()
    times.push(await since(page))
    await page.close()
  }
  return times
}

/// Milliseconds from the answer with the messages to the first of them on the screen.
async function drawn(context, path) {
  const times = []
  for (let n = 0; n < STARTS; n++) {
    const page = await context.newPage()
    await page.addInitScript(() => {
      const seen = new MutationObserver(() => {
        if (!document.querySelector('article')) return
        seen.disconnect()
        globalThis.firstArticle = performance.now()
      })
      addEventListener('DOMContentLoaded', () => seen.observe(document.body, { childList: true, subtree: true }))
    })
    await page.goto(new URL(path, BASE).href)
    await history(page).getByRole('article').last().waitFor()
    times.push(await page.evaluate(() => {
      const answers = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/v1/messages?'))
      return globalThis.firstArticle - Math.min(...answers.map(({ responseEnd }) => responseEnd))
    }))
    await page.close()
  }
  return times
}

async function conversation(ann, bob) {
  const [own, other] = [[], []]
  for (let n = 0; n < SENT; n++) {
    const text = `said ${n} ${unique()}`
    await field(ann).fill(text)
    const seen = bubble(bob, text).first().waitFor().then(() => Date.now())
    const began = Date.now()
    // From the key to the paint, in the page itself.
    own.push(await field(ann).evaluate(async (element, words) => {
      const start = performance.now()
      element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
      while (![...document.querySelectorAll('article')].some((one) => one.textContent.includes(words))) await new Promise((resolve) => requestAnimationFrame(resolve))
      return performance.now() - start
    }, text))
    other.push((await seen) - began)
  }
  return { own, other }
}

/// Heap in MB after collecting what is not used any more.
async function heap(session) {
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize / 1e6
}

async function scrolled(page) {
  const session = await page.context().newCDPSession(page)
  const before = await heap(session)
  await history(page).evaluate(async (frame) => {
    for (let last = -1, calm = 0; calm < 60;) {
      frame.scrollTop = 0
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const first = frame.querySelector('article')?.textContent
      calm = first === last ? calm + 1 : 0
      last = first
    }
  })
  return [before, await heap(session)]
}

await open()
try {
  const context = await device({ locale: 'en-US' })
  const guest = await visit(context)
  await guest.locator('form').waitFor()
  print('sign-in page: JavaScript', `${(await scripts(guest)).toFixed(1)} KB`)
  await guest.close()
  const cold = []
  for (let n = 0; n < STARTS; n++) {
    const fresh = await device({ locale: 'en-US' })
    cold.push(...await starts(fresh, '/', (page) => page.locator('form input').first(), 1))
    await fresh.close()
  }
  print('sign-in page usable, without a cache', ms(cold))

  const [ann, bob] = [await register('Ann'), await register('Bob')]
  const owner = await api(ann.login)
  const chat = await owner.post('/chats', { title: 'Long', is_group: true, member_ids: [bob.id] })
  await fill(owner, chat.id)
  // Whoever has read all sees the end.
  await (await api(bob.login)).post(`/chats/${chat.id}/read`)
  const page = await signIn(context, ann.login)
  await page.close()
  // What a service worker has kept is counted unpacked.
  const plain = await device({ locale: 'en-US', serviceWorkers: 'block' })
  const list = await signIn(plain, ann.login)
  await list.reload()
  await list.getByRole('navigation').getByRole('listitem').first().waitFor()
  print('first screen, signed in: JavaScript', `${(await scripts(list)).toFixed(1)} KB`)
  await plain.close()
  print('chat list, warm', ms(await starts(context, '/', (one) => one.getByRole('navigation').getByRole('listitem').first())))
  print(`a chat of ${MESSAGES} messages shows its end, from the start of the page`, ms(await starts(context, `/chats/${chat.id}`, (one) => history(one).getByRole('article').last())))

  print('the same, from the answer of the server', ms(await drawn(context, `/chats/${chat.id}`)))

  const his = await device({ locale: 'en-US' })
  const [left, right] = [await visit(context, `/chats/${chat.id}`), await signIn(his, bob.login)]
  await right.goto(new URL(`/chats/${chat.id}`, right.url()).href)
  for (const one of [left, right]) await history(one).getByRole('article').last().waitFor()
  const { own, other } = await conversation(left, right)
  print('from Enter to one\'s own bubble', ms(own))
  print('from Enter to the other browser', ms(other))
  const [before, after] = await scrolled(left)
  print(`heap before and after scrolling to the beginning of ${MESSAGES}`, `${before.toFixed(1)} MB, ${after.toFixed(1)} MB`)
  print('from Enter to one\'s own bubble, after scrolling through all of them', ms((await conversation(left, right)).own))

  await context.setOffline(true)
  print('the shell without a network', ms(await starts(context, '/', (one) => one.getByRole('navigation').first())))
} finally {
  await close()
}
