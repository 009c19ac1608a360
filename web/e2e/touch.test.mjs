import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, bubble, chatRow, close, device, field, open, say, signUp, still, talkTo, unique, until } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

test('on a phone: one column, Enter breaks the line, a long press opens the menu', async () => {
  const tag = unique()
  const [a, b] = await Promise.all([device(), device({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } })])
  const anna = await signUp(a, `Анна ${tag}`)
  const boris = await signUp(b, `Борис ${tag}`)
  await talkTo(anna.page, boris.name)
  await say(anna.page, 'подержи меня')
  await chatRow(boris.page, anna.name).getByRole('button').tap()
  await bubble(boris.page, 'подержи меня').waitFor()
  assert.equal(await boris.page.getByRole('navigation').count(), 0, 'the list makes room for the chat')
  assert.notEqual(await boris.page.evaluate(() => document.activeElement.tagName), 'TEXTAREA', 'no keyboard before it is wanted')

  await still(boris.page)
  const { x, y } = await bubble(boris.page, 'подержи меня').boundingBox()
  const finger = await b.newCDPSession(boris.page)
  await finger.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: x + 40, y: y + 24 }] })
  await boris.page.getByRole('menu').waitFor()
  await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await boris.page.getByRole('menuitemcheckbox', { name: /🎉/ }).tap()
  await bubble(anna.page, 'подержи меня').getByRole('button', { name: /🎉/ }).waitFor()

  await field(boris.page).tap()
  await boris.page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA')
  await boris.page.keyboard.type('раз')
  await boris.page.keyboard.press('Enter')
  await boris.page.keyboard.type('два')
  await until(async () => (await field(boris.page).inputValue()) === 'раз\nдва', 'two lines')
  await boris.page.getByRole('button', { name: 'Отправить', exact: true }).tap()
  await bubble(anna.page, 'два').waitFor()
  await boris.page.getByRole('button', { name: 'Назад' }).tap()
  await boris.page.getByRole('navigation').waitFor()
  await Promise.all([a.close(), b.close()])
})
