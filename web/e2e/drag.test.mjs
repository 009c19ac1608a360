// Files of a conversation that are dragged out of the page: what a drag carries, and what is not a drag.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, bubble, close, device, field, gone, history, open, register, signUp, talkTo, unique, until } from './lib.mjs'

const PICTURE = new URL('../public/icons/icon-512.png', import.meta.url).pathname
const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
let context
let page
let anna

before(async () => {
  await open()
  context = await device({ reducedMotion: 'reduce' })
  const tag = unique()
  const other = await register(`Борис ${tag}`)
  const { page: signedIn, login } = await signUp(context, `Анна ${tag}`)
  page = signedIn
  anna = await api(login)
  await talkTo(page, other.display_name)
  for (const file of [{ name: 'снимок.png', mimeType: 'image/png', buffer: await readFile(PICTURE) }, { name: 'план №1.bin', mimeType: 'application/octet-stream', buffer: bytes }]) {
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByRole('button', { name: 'Отправить', exact: true }).click()
    await history(page).getByRole('article').last().getByRole('button', { name: new RegExp(file.name) }).waitFor()
    await history(page).getByRole('article').last().getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()
  }
})
after(close)
afterEach(assertWellBehaved)

const middle = async (locator) => {
  const { x, y, width, height } = await locator.boundingBox()
  return [x + width / 2, y + height / 2]
}

/// Begins to drag an element as a person does, once its link is there; answers what the drag carries by type.
async function take(handle, hasLink = false) {
  const link = hasLink ? null : page.waitForResponse(/\/attachments\/[^/]+\/info$/)
  await handle.hover()
  await (await link)?.finished()
  await page.evaluate(() => {
    globalThis.carried = null
    window.addEventListener('dragstart', ({ dataTransfer }) => {
      globalThis.carried = Object.fromEntries(dataTransfer.types.map((type) => [type, dataTransfer.getData(type)]))
    }, { once: true })
  })
  const [x, y] = await middle(handle)
  await page.mouse.down()
  await page.mouse.move(x + 10, y + 10, { steps: 5 })
  await until(() => page.evaluate(() => globalThis.carried !== null), 'a drag begins')
  return page.evaluate(() => globalThis.carried)
}

for (const [name, type, handle] of [
  ['снимок.png', 'image/png', () => history(page).getByRole('button', { name: 'Открыть: снимок.png' })],
  ['план №1.bin', 'application/octet-stream', () => bubble(page, 'план №1.bin').getByRole('button', { name: /Скачать/ })],
]) {
  test(`${name} is dragged with a link that downloads it by its name, without a token`, async () => {
    const carried = await take(handle())
    await page.mouse.up()
    // Browsers write the names of types small.
    const [, kind, file, url] = /^([^:]*):([^:]*):(.*)$/.exec(carried.downloadurl)
    assert.deepEqual([kind, file, url], [type, name, carried['text/uri-list']])
    // The page's own copy is worth nothing elsewhere.
    assert.ok(!('text/html' in carried), Object.keys(carried).join())
    const answer = await fetch(url)
    assert.equal(answer.status, 200)
    assert.equal(decodeURIComponent(/filename\*=UTF-8''([^;]+)/.exec(answer.headers.get('content-disposition'))[1]), name)
    const sent = (await anna.get('/chats')).find(({ last_message: last }) => last)
    const files = (await anna.get(`/messages?chat_id=${sent.id}`)).flatMap(({ attachments }) => attachments)
    assert.equal((await answer.arrayBuffer()).byteLength, files.find(({ filename }) => filename === name).size)
  })
}

test('a press still opens a picture, where the button that saves it can be dragged', async () => {
  await history(page).getByRole('button', { name: 'Открыть: снимок.png' }).click()
  await page.locator('dialog[open] img').waitFor()
  const carried = await take(page.getByRole('dialog').getByRole('link', { name: /снимок\.png/ }), true)
  await page.mouse.up()
  assert.match(carried.downloadurl, /^image\/png:снимок\.png:http/)
  await page.keyboard.press('Escape')
  await gone(page.locator('dialog[open]'))
})

test('the text of a message is still selected with the mouse', async () => {
  await field(page).fill('слова, которые выделяют')
  await field(page).press('Enter')
  const said = bubble(page, 'слова, которые выделяют').getByText('слова, которые выделяют')
  await said.waitFor()
  const { x, y, width, height } = await said.boundingBox()
  await page.mouse.move(x + 2, y + height / 2)
  await page.mouse.down()
  await page.mouse.move(x + width - 2, y + height / 2, { steps: 8 })
  await page.mouse.up()
  assert.match(await page.evaluate(() => getSelection().toString()), /которые/)
})
