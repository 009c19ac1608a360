import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { readFile } from 'node:fs/promises'
import { assertWellBehaved, axe, bubble, chatRow, close, delivered, device, field, gone, history, open, say, shot, signUp, talkTo, unique, until } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

const PICTURE = new URL('../public/icons/icon-512.png', import.meta.url).pathname
const attach = (page, files) => page.locator('input[type=file]').setInputFiles(files)
const send = (page) => page.getByRole('button', { name: 'Отправить', exact: true }).click()

/// How fast files go up from a page; a test sees them on their way, and then need not wait.
async function throttle(context, page) {
  const cdp = await context.newCDPSession(page)
  return (uploadThroughput) =>
    cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
}

async function two() {
  const tag = unique()
  const [a, b] = await Promise.all([device(), device()])
  const anna = await signUp(a, `Анна ${tag}`)
  const boris = await signUp(b, `Борис ${tag}`)
  await talkTo(anna.page, boris.name)
  await say(anna.page, 'начало')
  await chatRow(boris.page, anna.name).click()
  return { anna: anna.page, boris: boris.page, contexts: [a, b], end: () => Promise.all([a.close(), b.close()]) }
}

test('a picture with a caption is shown to both, and opens large', async () => {
  const { anna, boris, end } = await two()
  await attach(anna, PICTURE)
  await field(anna).fill('Наш знак')
  await send(anna)
  for (const page of [anna, boris]) {
    await bubble(page, 'Наш знак').locator('img').waitFor()
    await page.waitForFunction(() => document.querySelector('article img')?.naturalWidth === 512)
  }
  await delivered(anna, 'Наш знак')
  await bubble(boris, 'Наш знак').getByRole('button', { name: /Открыть/ }).click()
  await boris.getByRole('dialog').getByRole('img').waitFor()
  await boris.keyboard.press('Escape')
  await gone(boris.getByRole('dialog'))
  await end()
})

test('a file goes up with progress and comes down whole', async () => {
  const { anna, boris, contexts: [a], end } = await two()
  const upload = await throttle(a, anna)
  await upload(40_000)
  const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251))
  await attach(anna, { name: 'отчёт.bin', mimeType: 'application/octet-stream', buffer: bytes })
  await send(anna)
  const bar = history(anna).getByRole('progressbar')
  await bar.waitFor()
  await anna.waitForFunction(() => (document.querySelector('article progress')?.value ?? 0) > 5)
  await upload(-1)
  await bubble(boris, 'отчёт.bin').waitFor()
  await gone(bar)
  const [download] = await Promise.all([
    boris.waitForEvent('download'),
    bubble(boris, 'отчёт.bin').getByRole('button', { name: /Скачать/ }).click(),
  ])
  assert.ok((await readFile(await download.path())).equals(bytes))
  assert.equal(download.suggestedFilename(), 'отчёт.bin')
  await end()
})

test('an upload can be cancelled', async () => {
  const { anna, contexts: [a], end } = await two()
  await (await throttle(a, anna))(10_000)
  await attach(anna, { name: 'лишнее.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(900_000, 7) })
  await send(anna)
  await history(anna).getByRole('progressbar').waitFor()
  await bubble(anna, 'лишнее.bin').getByRole('button', { name: 'Отмена' }).click()
  await gone(bubble(anna, 'лишнее.bin'))
  await end()
})

test('files are taken from the clipboard and by dropping', async () => {
  const { anna, end } = await two()
  const give = (type) => anna.evaluate((kind) => {
    const data = new DataTransfer()
    data.items.add(new File(['слова'], `${kind}.txt`, { type: 'text/plain' }))
    const target = document.querySelector('textarea')
    if (kind === 'paste') target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    else for (const name of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }))
  }, type)
  await give('paste')
  await give('drop')
  const staged = anna.getByRole('list', { name: 'Файлы к отправке' }).getByRole('listitem')
  await staged.filter({ hasText: 'drop.txt' }).waitFor()
  assert.deepEqual(await staged.locator('b').allInnerTexts(), ['paste.txt', 'drop.txt'])
  await anna.getByRole('button', { name: 'Убрать drop.txt' }).click()
  await gone(staged.filter({ hasText: 'drop.txt' }))
  await send(anna)
  await delivered(anna, 'paste.txt')
  assert.equal(await bubble(anna, 'drop.txt').count(), 0)
  await end()
})

test('several files go as one message in order, and one with its own caption by itself', async () => {
  const { anna, boris, end } = await two()
  const text = (name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) })
  const png = { mimeType: 'image/png', buffer: await readFile(PICTURE) }
  await attach(anna, [{ name: 'беседка.png', ...png }, { name: 'сад.png', ...png }, text('план.txt'), text('смета.txt')])
  const tray = anna.getByRole('list', { name: 'Файлы к отправке' })
  await tray.getByRole('listitem').nth(3).waitFor()
  await anna.getByText('4 файла').waitFor()
  assert.deepEqual(await axe(anna), [])
  await shot(anna, 'files-tray')
  await anna.setViewportSize({ width: 360, height: 640 })
  await anna.emulateMedia({ colorScheme: 'dark' })
  await shot(anna, 'files-tray-phone-dark')
  assert.equal(await anna.evaluate(() => document.documentElement.scrollWidth), 360)
  await anna.setViewportSize({ width: 1280, height: 800 })
  await anna.emulateMedia({ colorScheme: 'light' })
  await anna.getByLabel('Подпись к файлу смета.txt').fill('Считала дважды')
  await anna.getByText('2 сообщения').waitFor()
  await field(anna).fill('Всё о беседке')
  await send(anna)
  for (const page of [anna, boris]) {
    const first = bubble(page, 'Всё о беседке')
    await first.getByRole('button', { name: 'Открыть: сад.png' }).locator('img').waitFor()
    await first.getByText('план.txt').waitFor()
    await bubble(page, 'Считала дважды').getByText('смета.txt').waitFor()
    const texts = await history(page).getByRole('article').allInnerTexts()
    assert.ok(texts.findIndex((one) => one.includes('Всё о беседке')) < texts.findIndex((one) => one.includes('Считала дважды')))
  }
  await delivered(anna, 'Считала дважды')
  await shot(anna, 'files-sent')
  // The pictures of one message follow each other.
  await bubble(boris, 'Всё о беседке').getByRole('button', { name: 'Открыть: беседка.png' }).click()
  await boris.getByRole('dialog', { name: 'беседка.png' }).waitFor()
  await boris.getByRole('button', { name: 'Следующее фото' }).click()
  await boris.getByRole('dialog', { name: 'сад.png' }).waitFor()
  await boris.keyboard.press('Escape')
  await shot(boris, 'files-received')
  await end()
})

test('of several files one is refused: the message goes without it, and nothing is uploaded twice', async () => {
  const { anna, boris, contexts: [a], end } = await two()
  const asked = []
  await a.route('**/api/v1/attachments', (route) => {
    const { filename } = route.request().postDataJSON()
    asked.push(filename)
    return filename === 'б.txt'
      ? route.fulfill({ status: 413, contentType: 'application/json', body: JSON.stringify({ code: 'too_large', detail: 'too large' }) })
      : route.continue()
  })
  await attach(anna, ['а', 'б', 'в'].map((name) => ({ name: `${name}.txt`, mimeType: 'text/plain', buffer: Buffer.from(name) })))
  await field(anna).fill('три файла')
  await send(anna)
  await bubble(anna, 'три файла').getByRole('status').filter({ hasText: 'б.txt: ' }).waitFor()
  await bubble(anna, 'три файла').getByRole('button', { name: 'Без этого файла' }).click()
  await delivered(anna, 'три файла')
  await bubble(boris, 'три файла').getByText('в.txt').waitFor()
  assert.equal(await bubble(boris, 'три файла').getByText('б.txt').count(), 0)
  assert.deepEqual(asked, ['а.txt', 'б.txt', 'в.txt'])
  await end()
})

test('a voice message is recorded, heard and sought in', async () => {
  const { anna, boris, end } = await two()
  // Three seconds must not be over before somebody can press a button.
  await boris.evaluate(() => {
    const { play } = HTMLMediaElement.prototype
    globalThis.pace = 0.15
    HTMLMediaElement.prototype.play = function () {
      this.playbackRate = globalThis.pace
      return play.call(this)
    }
  })
  await anna.getByRole('button', { name: 'Записать голосовое' }).click()
  await anna.getByRole('group', { name: 'Запись голосового сообщения' }).getByText(/^0:(0[3-9]|[1-5]\d)$/).waitFor()
  await anna.getByRole('button', { name: 'Отправить запись' }).click()
  const voice = history(boris).getByRole('article').filter({ has: boris.getByRole('slider') })
  await voice.waitFor()
  assert.ok((await voice.locator('i').count()) > 20, 'the waveform is drawn')
  await voice.getByRole('button', { name: 'Слушать' }).click()
  await voice.getByRole('button', { name: 'Пауза' }).waitFor()
  const slider = voice.getByRole('slider')
  const position = () => slider.evaluate((input) => Number(input.value))
  await boris.waitForFunction(() => Number(document.querySelector('article input[type=range]').value) > 0.3)
  await voice.getByRole('button', { name: 'Пауза' }).click()
  await slider.fill('2')
  await until(async () => (await position()) >= 1.9, 'the slider at 2')
  const sought = await position()
  await boris.evaluate(() => { globalThis.pace = 1 })
  await voice.getByRole('button', { name: 'Слушать' }).click()
  await boris.waitForFunction((from) => {
    const now = Number(document.querySelector('article input[type=range]').value)
    return now > from || now === 0
  }, sought)
  await voice.getByRole('button', { name: 'Слушать' }).waitFor()
  await end()
})

test('a recording is paused, heard and continued; another is deleted', async () => {
  const { anna, boris, end } = await two()
  const recorder = anna.getByRole('group', { name: 'Запись голосового сообщения' })
  await anna.getByRole('button', { name: 'Записать голосовое' }).click()
  await recorder.getByText(/^0:0[1-9]$/).waitFor()
  await recorder.getByRole('button', { name: 'Приостановить запись' }).click()
  await recorder.getByRole('button', { name: 'Слушать' }).click()
  await until(() => recorder.getByRole('slider').evaluate((input) => Number(input.value) > 0.2), 'the preview plays')
  assert.deepEqual(await axe(anna), [])
  await shot(anna, 'recorder-paused')
  await anna.setViewportSize({ width: 360, height: 640 })
  await shot(anna, 'recorder-paused-phone')
  await anna.setViewportSize({ width: 1280, height: 800 })
  await recorder.getByRole('button', { name: 'Продолжить запись' }).click()
  await recorder.getByText(/^0:0[3-9]$/).waitFor()
  await recorder.getByRole('button', { name: 'Отправить запись' }).click()
  const voice = history(boris).getByRole('article').filter({ has: boris.getByRole('slider') })
  await voice.getByText(/^0:0[3-9]$/).waitFor()

  await anna.getByRole('button', { name: 'Записать голосовое' }).click()
  await recorder.getByText(/^0:0[1-9]$/).waitFor()
  await recorder.getByRole('button', { name: 'Приостановить запись' }).click()
  await recorder.getByRole('button', { name: 'Удалить запись' }).click()
  await field(anna).waitFor()
  assert.equal(await history(anna).getByRole('slider').count(), 1)
  await end()
})
