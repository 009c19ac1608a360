// Pictures, videos, texts and PDF files, looked at in the page.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, axe, bubble, close, device, gone, history, open, register, shot, signUp, talkTo, unique, until } from './lib.mjs'

let context
let page

before(async () => {
  await open()
  context = await device({ reducedMotion: 'reduce' })
  const tag = unique()
  const other = await register(`Борис ${tag}`)
  ;({ page } = await signUp(context, `Анна ${tag}`))
  await talkTo(page, other.display_name)
})
after(close)
afterEach(assertWellBehaved)

/// A picture of two colours, the left one and the right one, made in the page.
const picture = (left, right, width = 1200, height = 800) => page.evaluate(async ([a, b, w, h]) => {
  const canvas = new OffscreenCanvas(w, h)
  const pen = canvas.getContext('2d')
  pen.fillStyle = a
  pen.fillRect(0, 0, w / 2, h)
  pen.fillStyle = b
  pen.fillRect(w / 2, 0, w / 2, h)
  return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())]
}, [left, right, width, height])

async function send(file, name = file.name) {
  await page.locator('input[type=file]').first().setInputFiles(file)
  await page.getByRole('button', { name: 'Отправить', exact: true }).click()
  await history(page).getByRole('article').last().getByRole('button', { name: new RegExp(name) }).first().waitFor()
  await history(page).getByRole('article').last().getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()
}

const light = () => page.locator('dialog[open]')
const scale = () => light().locator('img').evaluate((image) => new DOMMatrix(getComputedStyle(image).transform).a)

test('a picture shows its colours before it is loaded, in a box that keeps its size', async () => {
  await send({ name: 'первая.png', mimeType: 'image/png', buffer: Buffer.from(await picture('#d02020', '#2040d0')) })
  await send({ name: 'вторая.png', mimeType: 'image/png', buffer: Buffer.from(await picture('#20a040', '#e0d020', 600, 900)) })
  await send({ name: 'третья.png', mimeType: 'image/png', buffer: Buffer.from(await picture('#303030', '#d0d0d0')) })
  // What comes late: the pictures themselves.
  let letGo
  const later = new Promise((resolve) => { letGo = resolve })
  await context.route(/\/attachments\/[^/]+(\/thumbnail)?$/, async (route) => {
    await later
    await route.continue()
  })
  await page.reload()
  const first = history(page).getByRole('button', { name: 'Открыть: первая.png' })
  await first.locator('canvas[data-placeholder]').waitFor()
  await until(() => first.locator('canvas').evaluate((canvas) => canvas.width > 1 && canvas.width <= 32), 'the colours')
  const colour = (x) => first.locator('canvas').evaluate((canvas, at) => [...canvas.getContext('2d').getImageData(Math.floor(canvas.width * at), 5, 1, 1).data], x)
  const [red, blue] = [await colour(0.1), await colour(0.9)]
  assert.ok(red[0] > 140 && red[2] < 110, String(red))
  assert.ok(blue[2] > 140 && blue[0] < 110, String(blue))
  await shot(page, 'media-placeholders')
  const before = await first.boundingBox()
  letGo()
  await page.waitForFunction(() => [...document.querySelectorAll('article img')].every((image) => image.naturalWidth > 0))
  await gone(first.locator('canvas'))
  const after = await first.boundingBox()
  assert.deepEqual([after.width, after.height], [before.width, before.height])
  await context.unroute(/\/attachments\/[^/]+(\/thumbnail)?$/)
})

test('a picture is enlarged by wheel, keys and a double click, moved, and stepped over', async () => {
  await history(page).getByRole('button', { name: 'Открыть: вторая.png' }).click()
  await light().waitFor()
  assert.equal(await light().getAttribute('aria-label'), 'вторая.png')
  await page.keyboard.press('+')
  await until(async () => (await scale()) > 1.4, 'larger by a key')
  assert.deepEqual(await axe(page), [])
  await shot(page, 'media-lightbox-zoomed')
  const before = await light().locator('img').evaluate((image) => image.getBoundingClientRect().y)
  await page.mouse.move(640, 400)
  await page.mouse.down()
  await page.mouse.move(640, 460, { steps: 3 })
  await page.mouse.up()
  await until(async () => (await light().locator('img').evaluate((image) => image.getBoundingClientRect().y)) > before, 'moved')
  assert.equal(await light().count(), 1)
  await page.keyboard.press('0')
  await until(async () => (await scale()) === 1, 'whole again')
  await page.mouse.wheel(0, -400)
  await until(async () => (await scale()) > 2, 'larger by the wheel')
  await page.mouse.dblclick(640, 400)
  await until(async () => (await scale()) === 1, 'whole by a double click')
  await page.keyboard.press('ArrowRight')
  await page.locator('dialog[aria-label="третья.png"]').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Следующее фото' }).count(), 0)
  await page.getByRole('button', { name: 'Предыдущее фото' }).click()
  await page.keyboard.press('ArrowLeft')
  await page.locator('dialog[aria-label="первая.png"]').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Предыдущее фото' }).count(), 0)
  await shot(page, 'media-lightbox')
  await page.keyboard.press('Escape')
  await gone(light())
})

test('two fingers enlarge a picture, and a swipe goes to the next', async () => {
  await history(page).getByRole('button', { name: 'Открыть: первая.png' }).click()
  await light().locator('img').waitFor()
  const cdp = await context.newCDPSession(page)
  const touch = (type, ...points) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) })
  await touch('touchStart', [600, 400], [680, 400])
  for (let by = 20; by <= 120; by += 20) await touch('touchMove', [600 - by, 400], [680 + by, 400])
  await touch('touchEnd')
  await until(async () => (await scale()) > 2, 'pinched')
  await page.keyboard.press('0')
  await until(async () => (await scale()) === 1, 'whole again')
  await touch('touchStart', [800, 400])
  for (let x = 760; x >= 560; x -= 40) await touch('touchMove', [x, 404])
  await touch('touchEnd')
  await page.locator('dialog[aria-label="вторая.png"]').waitFor()
  await page.keyboard.press('Escape')
  await gone(light())
})

test('a text file is read in the page, a long one its beginning, and markup in it is text', async () => {
  const text = `Список: <b>чай</b> & <script>alert(1)</script>\n${'строка\n'.repeat(20_000)}`
  await send({ name: 'список.txt', mimeType: 'text/plain', buffer: Buffer.from(text) })
  await bubble(page, 'список.txt').getByRole('button', { name: /Открыть.*список\.txt/ }).click()
  const dialog = page.getByRole('dialog', { name: 'список.txt' })
  await dialog.getByText('Список: <b>чай</b> & <script>alert(1)</script>').waitFor()
  await dialog.getByText(/Показано начало файла: 64 КБ из/).waitFor()
  assert.ok((await dialog.locator('pre').innerText()).length < 65_536)
  assert.deepEqual(await axe(page), [])
  await shot(page, 'media-text')
  await page.keyboard.press('Escape')
  await gone(page.locator('dialog'))
})

test('a PDF file opens in the browser\'s own viewer, in a tab of its own', async () => {
  const pdf = '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]>>endobj\ntrailer<</Root 1 0 R>>'
  await send({ name: 'план.pdf', mimeType: 'application/pdf', buffer: Buffer.from(pdf) })
  const [tab] = await Promise.all([context.waitForEvent('page'), bubble(page, 'план.pdf').getByRole('button', { name: /Открыть.*план\.pdf/ }).click()])
  await until(() => tab.url().startsWith('blob:'), 'the file in the tab')
  await until(() => tab.evaluate(() => document.contentType).then((type) => type === 'application/pdf', () => false), 'the viewer')
  assert.equal(await tab.evaluate(() => opener), null)
  await tab.close()
})

test('a video shows a still, and plays with the speed that is chosen', async () => {
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.width = 320
    canvas.height = 180
    const pen = canvas.getContext('2d')
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' })
    const parts = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    const stopped = new Promise((resolve) => { recorder.onstop = resolve })
    recorder.start()
    for (let n = 0; n < 40; n++) {
      pen.fillStyle = `hsl(${n * 9} 70% 50%)`
      pen.fillRect(0, 0, 320, 180)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    recorder.stop()
    await stopped
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())]
  })
  await page.locator('input[type=file]').first().setInputFiles({ name: 'ролик.webm', mimeType: 'video/webm', buffer: Buffer.from(bytes) })
  await page.getByRole('button', { name: 'Отправить', exact: true }).click()
  const play = page.getByRole('button', { name: 'Воспроизвести: ролик.webm' })
  await play.waitFor()
  const last = history(page).getByRole('article').last()
  await last.getByRole('img', { name: /Отправлено|Прочитано/ }).waitFor()
  await shot(page, 'media-video')
  assert.equal(await last.locator('video').evaluate((video) => video.paused && !video.controls), true)
  await play.click()
  await until(() => last.locator('video').evaluate((video) => video.controls && (video.currentTime > 0.2 || video.ended)), 'playing')
  await last.getByRole('button', { name: 'Скорость 1' }).click()
  assert.equal(await last.locator('video').evaluate((video) => video.playbackRate), 1.5)
})
