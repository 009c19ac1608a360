// Spelling is checked as one types, in the language of the system.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App, SERVER, home, person, until } from './lib.mjs'

const FIELD = '//textarea[@aria-label="Сообщение" or @placeholder="Сообщение"] | //*[@role="textbox"]'
const folder = home()
let app
let anna

before(async () => {
  // Dictionaries of the test's own, where Enchant looks for a user's: two words of each language.
  const dictionaries = join(folder, 'config', 'enchant', 'hunspell')
  mkdirSync(dictionaries, { recursive: true })
  for (const [language, words] of [['ru_RU', ['привет', 'беседка']], ['en_US', ['hello', 'arbour']]]) {
    writeFileSync(join(dictionaries, `${language}.aff`), 'SET UTF-8\n')
    writeFileSync(join(dictionaries, `${language}.dic`), `${words.length}\n${words.join('\n')}\n`)
  }
  anna = await person('Анна')
  await anna.meets(await person('Борис'))
})
after(() => app?.stop())

/** How many pixels of the field for messages are red, as the line under a misspelt word is. */
async function red() {
  const { x, y, width, height } = await app.ask('GET', `${app.session}/element/${await app.find(FIELD)}/rect`)
  const png = await app.ask('GET', `${app.session}/screenshot`)
  return app.run(`
    const [png, x, y, width, height] = args
    const picture = new Image()
    picture.src = 'data:image/png;base64,' + png
    await picture.decode()
    const canvas = document.createElement('canvas')
    canvas.width = picture.width
    canvas.height = picture.height
    const context = canvas.getContext('2d')
    context.drawImage(picture, 0, 0)
    const { data } = context.getImageData(x, y, width, height)
    let red = 0
    for (let at = 0; at < data.length; at += 4) if (data[at] > 200 && data[at + 1] < 120 && data[at + 2] < 120) red++
    return red`, png, Math.floor(x), Math.floor(y), Math.ceil(width), Math.ceil(height))
}

test('a misspelt word is marked, in both languages, and no other', async () => {
  app = await App.start(folder)
  await app.connect(SERVER)
  await app.signIn(anna)
  await app.click('//a[contains(., "Борис")] | //button[contains(., "Борис")]')
  await app.type(FIELD, 'превет ')
  const one = await until('a misspelt word is marked', red)
  await app.type(FIELD, 'привет беседка hello arbour helo ')
  const two = await until('another one is marked', async () => {
    const now = await red()
    return now > one && now
  })
  await app.shot('spelling')
  // The second one is shorter: with any of the words between, the line would be longer.
  assert.ok(two < 2 * one, `${one}, then ${two}`)
})
