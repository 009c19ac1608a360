import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, bubble, chatRow, close, delivered, device, open, PLAIN, say, signUp, talkTo, unique } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

test('over plain HTTP one signs up, sends, receives and copies', async () => {
  const tag = unique()
  const [a, b] = await Promise.all([device(), device()])
  const anna = await signUp(a, `Анна ${tag}`, undefined, PLAIN)
  assert.equal(await anna.page.evaluate(() => isSecureContext), false)
  const boris = await signUp(b, `Борис ${tag}`, undefined, PLAIN)
  await anna.page.reload()
  await talkTo(anna.page, boris.name)
  await say(anna.page, 'по простому HTTP')
  await delivered(anna.page, 'по простому HTTP')
  await chatRow(boris.page, anna.name).click()
  await bubble(boris.page, 'по простому HTTP').waitFor()
  await say(boris.page, 'слышно')
  await bubble(anna.page, 'слышно').waitFor()

  await bubble(anna.page, 'слышно').hover()
  await bubble(anna.page, 'слышно').getByRole('button', { name: 'Действия' }).click()
  await anna.page.getByRole('menuitem', { name: 'Копировать текст' }).click()
  await anna.page.getByText('Скопировано').waitFor()
  await anna.page.getByRole('textbox', { name: 'Сообщение' }).press('Control+V')
  assert.equal(await anna.page.getByRole('textbox', { name: 'Сообщение' }).inputValue(), 'слышно')

  await anna.page.getByRole('textbox', { name: 'Сообщение' }).fill('')
  await anna.page.getByRole('button', { name: 'Записать голосовое' }).click()
  await anna.page.getByText('только по HTTPS').waitFor()
  await Promise.all([a.close(), b.close()])
})
