// Updates that the server offers: signed ones are found and fetched, others refused.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App, Desktop, SERVER, home, person, until } from './lib.mjs'

const folder = home()
const updates = process.env.BESEDKA_UPDATES
/** The key with whose public half the app was built. */
const ours = process.env.UPDATE_KEY
const VERSION = '9.1.0'
const FILE = `besedka-desktop_${VERSION}_amd64.deb`
let app
let desktop

/** A release in the server's folder, as its publisher makes it. */
function publish(key, version = VERSION) {
  for (const file of readdirSync(updates)) rmSync(join(updates, file))
  writeFileSync(join(updates, `besedka-desktop_${version}_amd64.deb`), `the package ${version}`)
  execFileSync(new URL('../package/manifest.sh', import.meta.url).pathname, [updates, version, key])
}

const downloads = join(folder, 'Загрузки')
const fetched = () => (existsSync(downloads) ? readdirSync(downloads) : [])
const look = () => desktop.choose('Проверить обновления')

before(async () => {
  mkdirSync(join(folder, 'config'), { recursive: true })
  mkdirSync(downloads)
  writeFileSync(join(folder, 'config', 'user-dirs.dirs'), 'XDG_DOWNLOAD_DIR="$HOME/Загрузки"\n')
  desktop = await Desktop.start()
  const anna = await person('Анна')
  await anna.meets(await person('Борис'))
  app = await App.start(folder)
  await app.connect(SERVER)
  await app.signIn(anna)
  await app.shows('Борис')
})
after(async () => {
  await app?.stop()
  desktop?.stop()
})

test('a server without updates, and one with an older version, offer none', async () => {
  await look()
  await app.shows('У вас последняя версия приложения')
  publish(ours, '0.0.1')
  await app.run('for (const button of document.querySelectorAll("[data-sonner-toast] button[data-close-button]")) button.click()')
  await look()
  await app.shows('У вас последняя версия приложения')
})

test('an update that is not signed, or signed by another key, is refused', async () => {
  const other = join(folder, 'other.key')
  execFileSync('minisign', ['-G', '-W', '-p', join(folder, 'other.pub'), '-s', other])
  publish(other)
  await look()
  await app.shows('не подписано издателем')
  await app.shot('update-refused')
  assert.ok((await desktop.tray()).menu.includes('Проверить обновления'))
  rmSync(join(updates, 'manifest.json.minisig'))
  await look()
  // Changed after it was signed.
  publish(ours)
  const manifest = join(updates, 'manifest.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(VERSION, '9.2.0'))
  await look()
  await app.shows('не подписано издателем')
  assert.deepEqual(fetched(), [])
  assert.ok((await desktop.tray()).menu.includes('Проверить обновления'))
})

test('a signed update is offered; a package that is not the signed one is thrown away', async () => {
  publish(ours)
  await look()
  await app.shows(`Есть новая версия приложения: ${VERSION}`)
  await until('the menu offers it', async () => (await desktop.tray()).menu.includes(`Обновить до версии ${VERSION}`))
  const signed = readFileSync(join(updates, FILE))
  writeFileSync(join(updates, FILE), 'the package 9.1.X')
  await desktop.choose('Обновить до версии')
  await app.shows('Обновление не загружено')
  assert.deepEqual(fetched(), [])
  writeFileSync(join(updates, FILE), signed)
  await desktop.choose('Обновить до версии')
  await app.shows('Обновление загружено и проверено')
  await app.shot('update-fetched')
  assert.deepEqual(fetched(), [FILE])
  assert.equal(readFileSync(join(downloads, FILE), 'utf8'), `the package ${VERSION}`)
})

test('a new start finds the update by itself', async () => {
  await app.stop()
  app = await App.start(folder)
  await app.shows(`Есть новая версия приложения: ${VERSION}`)
})
