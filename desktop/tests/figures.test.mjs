// How long it takes, and how much it needs: figures for docs/run/desktop.md, of a release build on a machine that does nothing else.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { App, SERVER, bus, home, person } from './lib.mjs'

const ROUNDS = 40
const STARTS = 5
const FIELD = '//*[@role="textbox"] | //textarea[@placeholder="Сообщение"]'
const CHAT = (name) => `//a[contains(., "${name}")] | //button[contains(., "${name}")]`
const middle = (values, part) => values.toSorted((a, b) => a - b)[Math.ceil(values.length * part) - 1]

const users = []
const figures = {}

/** Somebody at a computer of their own, with a session bus of its own. */
async function user(name) {
  const { id, username, password, call, meets } = await person(name)
  const session = await bus()
  const one = { name, id, username, password, call, meets, session, folder: home(), env: { DBUS_SESSION_BUS_ADDRESS: session.address } }
  users.push(one)
  return one
}
const open = async (one) => {
  one.app = await App.start(one.folder, { env: one.env })
  return one.app
}

before(async () => {
  const [anna, boris] = [await user('Анна'), await user('Борис')]
  await anna.meets(boris)
  for (const one of [anna, boris]) {
    const app = await open(one)
    await app.connect(SERVER)
    await app.signIn(one)
    await app.shows(one === anna ? 'Борис' : 'Анна')
  }
})
after(async () => {
  for (const { app, session } of users) {
    await app?.stop()
    session.stop()
  }
  console.log(JSON.stringify(figures))
})

test('a message from one app to another', async () => {
  const [anna, boris] = users
  await anna.app.click(CHAT('Борис'))
  await boris.app.click(CHAT('Анна'))
  await anna.app.shows('Здравствуйте!')
  await anna.app.find(FIELD)
  // From the press of Enter on one page to the text on the other, by the clock of the one machine.
  await anna.app.run('window.addEventListener("keydown", ({ key }) => { if (key === "Enter") window.sentAt = Date.now() }, true)')
  const delays = []
  for (let round = 0; round < ROUNDS; round++) {
    const text = `Проба ${round}`
    const seen = boris.app.run(`return new Promise((resolve) => {
      const look = () => { if (document.body.textContent.includes(args[0] + '.')) { watch.disconnect(); resolve(Date.now()) } }
      const watch = new MutationObserver(look)
      watch.observe(document.body, { subtree: true, childList: true, characterData: true })
      look()
    })`, text)
    await anna.app.type(FIELD, `${text}.`)
    await anna.app.type(FIELD, '\uE007')
    delays.push(await seen - await anna.app.run('return window.sentAt'))
  }
  assert.equal(delays.length, ROUNDS)
  figures.delivery_ms = { median: middle(delays, 0.5), p95: middle(delays, 0.95) }
})

test('the start, and the memory of the shell itself', async () => {
  const [anna] = users
  const starts = []
  for (let round = 0; round < STARTS; round++) {
    await anna.app.stop()
    await open(anna)
    await anna.app.find(CHAT('Борис'))
    starts.push(performance.now() - anna.app.startedAt)
  }
  figures.usable_ms = { median: Math.round(middle(starts, 0.5)), slowest: Math.round(Math.max(...starts)) }
  const read = (name) => Object.fromEntries([...readFileSync(`/proc/${anna.app.pid()}/${name}`, 'utf8').matchAll(/^(\w+):\s+(\d+) kB/gm)].map(([, key, kb]) => [key, Math.round(kb / 1024)]))
  const { RssAnon, RssFile, VmRSS } = read('status')
  const { Pss } = read('smaps_rollup')
  figures.shell_mib = { own: RssAnon, libraries: RssFile, resident: VmRSS, proportional: Pss }
  assert.ok(RssAnon > 0)
})
