// With a keyring: what is kept in it, and what happens when it goes.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App, SERVER, bus, home, person, until } from './lib.mjs'

const folder = home()
const secrets = join(folder, 'config', 'org.besedka.desktop', 'secrets')
const files = () => (existsSync(secrets) ? readdirSync(secrets) : [])
let session
let env
let keyring
let app
let anna

/** Starts GNOME's keyring on the session's bus, unlocked by a password, as signing in to a desktop does. */
async function startKeyring() {
  keyring = spawn('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, ...env, HOME: folder, XDG_DATA_HOME: join(folder, 'keyring'), XDG_RUNTIME_DIR: folder },
  })
  keyring.stdin.end('password')
  await until('the keyring is there', () => hasKeyring().includes('true'))
}

const busctl = (to, path, method, ...args) =>
  spawnSync('gdbus', ['call', '--session', '--dest', to, '--object-path', path, '--method', method, ...args], { encoding: 'utf8', env: { ...process.env, ...env } }).stdout

const hasKeyring = () => busctl('org.freedesktop.DBus', '/', 'org.freedesktop.DBus.NameHasOwner', 'org.freedesktop.secrets')

/** The secrets that the keyring has of this app. */
const kept = () => busctl('org.freedesktop.secrets', '/org/freedesktop/secrets', 'org.freedesktop.Secret.Service.SearchItems', "{'service': 'Besedka', 'username': 'account-1'}").match(/\/org\/freedesktop\/secrets\/collection\/\w+\/\d+/g) ?? []

before(async () => {
  session = await bus()
  env = { DBUS_SESSION_BUS_ADDRESS: session.address }
  anna = await person('Анна')
  await anna.meets(await person('Борис'))
})
after(async () => {
  await app?.stop()
  keyring?.kill()
  session?.stop()
})

test('without a keyring the sign-in is in a file, and the app says so', async () => {
  app = await App.start(folder, { env })
  await app.connect(SERVER)
  await app.signIn(anna)
  await app.shows('Хранилище паролей системы недоступно')
  await app.shot('no-keyring')
  assert.deepEqual(files(), ['account-1.json'])
  await app.kill()
})

test('once there is a keyring it has the sign-in, and no file does', async () => {
  await startKeyring()
  assert.deepEqual(kept(), [])
  app = await App.start(folder, { env })
  await until('the keyring has it', () => kept().length === 1 && files().length === 0)
  await app.kill()
  // The sign-in comes back from the keyring alone.
  app = await App.start(folder, { env })
  await app.shows('Борис')
  await app.shot('with-keyring')
  assert.equal(kept().length, 1)
  assert.deepEqual(files(), [])
})

test('a start before the keyring is there does not lose the sign-in', async () => {
  await app.kill()
  keyring.kill()
  await until('the keyring is gone', () => hasKeyring().includes('false'))
  app = await App.start(folder, { env })
  await app.find('//input[@type="password"]')
  await app.kill()
  await startKeyring()
  assert.equal(kept().length, 1)
  app = await App.start(folder, { env })
  await app.shows('Борис')
})

test('an account whose number was used before does not get the sign-in of that one', async () => {
  await app.kill()
  // What somebody removes who wants to begin anew; the keyring still has the sign-in.
  for (const kind of ['config', 'data']) rmSync(join(folder, kind, 'org.besedka.desktop'), { recursive: true })
  app = await App.start(folder, { env })
  await app.connect(SERVER)
  assert.deepEqual(kept(), [])
})
