import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, bubble, chatRow, close, device, gone, history, open, register, signUp, still, unique, until } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

const COUNT = 180

/// A chat where somebody else has said a lot.
async function longChat(read) {
  const tag = unique()
  const context = await device()
  const anna = await signUp(context, `Анна ${tag}`)
  const boris = await register(`Борис ${tag}`)
  const [her, his] = [await api(anna.login), await api(boris.login)]
  const { id } = await her.post('/chats/direct', { user_id: boris.id })
  for (let n = 1; n <= COUNT; n++) {
    await his.post('/messages', { chat_id: id, type: 'text', content: `слово ${n}${n % 7 ? '' : ' и ещё несколько слов, чтобы строка была длиннее других'.repeat(3)}.` })
  }
  if (read) await her.post(`/chats/${id}/read`, {})
  await anna.page.reload()
  await chatRow(anna.page, boris.display_name).click()
  return { context, page: anna.page, his, chat: id }
}

test('older messages come as one scrolls, and nothing jumps', async () => {
  const { context, page } = await longChat(true)
  await bubble(page, `слово ${COUNT}.`).waitFor()
  await still(page)
  assert.ok((await history(page).getByRole('article').count()) < 60, 'only what is seen is in the page')
  await until(async () => {
    const [before] = await tops(page)
    await back(page, 400)
    const after = new Map((await tops(page)).map(({ text, top }) => [text, top]))
    if (before && after.has(before.text)) {
      const moved = after.get(before.text) - before.top
      assert.ok(moved > -60 && moved < 520, `${before.text} moved by ${moved}`)
    }
    return bubble(page, 'слово 1.').isVisible()
  }, 'the first message')
  await toTheEnd(page)
  await context.close()
})

/// Scrolls back, and waits until everything stands where it belongs.
async function back(page, by) {
  await history(page).evaluate((frame, pixels) => frame.scrollBy(0, -pixels), by)
  await still(page)
}

async function toTheEnd(page) {
  await page.getByRole('button', { name: 'К новым сообщениям' }).click()
  await bubble(page, `слово ${COUNT}.`).waitFor()
  await gone(page.getByRole('button', { name: 'К новым сообщениям' }))
}

const isInView = (locator) => locator.evaluate((one) => {
  const [{ top, bottom }, frame] = [one.getBoundingClientRect(), one.closest('[role=region]').getBoundingClientRect()]
  return top >= frame.top - 1 && bottom <= frame.bottom + 1
})

const tops = (page) => page.evaluate(() => {
  const frame = document.querySelector('[role=region] ol').parentElement.parentElement.getBoundingClientRect()
  return [...document.querySelectorAll('[role=region] article')]
    .map((article) => ({ text: article.innerText.slice(0, 12), top: article.getBoundingClientRect().top }))
    .filter(({ top }) => top > frame.top && top < frame.bottom)
})

test('a chat opens at the first unread message, and reading clears the badge', async () => {
  const { context, page, his, chat } = await longChat(false)
  await page.getByText('Непрочитанные', { exact: true }).waitFor()
  await until(() => isInView(page.getByText('Непрочитанные', { exact: true })), 'the unread line in view')
  await toTheEnd(page)
  await gone(page.getByRole('navigation').getByText('непрочитанн'))
  await his.post('/messages', { chat_id: chat, type: 'text', content: 'самое новое' })
  await bubble(page, 'самое новое').waitFor()
  await until(() => isInView(bubble(page, 'самое новое')), 'the new message in view')
  await context.close()
})

test('a new message does not pull the reader away from an old one', async () => {
  const { context, page, his, chat } = await longChat(true)
  await bubble(page, `слово ${COUNT}.`).waitFor()
  await still(page)
  await back(page, 1500)
  const [before] = await tops(page)
  await his.post('/messages', { chat_id: chat, type: 'text', content: 'отвлекающее' })
  await page.getByRole('navigation').getByText('1 непрочитанное').waitFor({ state: 'attached' })
  await still(page)
  const same = (await tops(page)).find(({ text }) => text === before.text)
  assert.ok(Math.abs(same.top - before.top) < 3)
  await context.close()
})
