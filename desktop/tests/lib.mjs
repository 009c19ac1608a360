// The app under a WebDriver (WebKitWebDriver, as tauri-driver uses it), and a line to the server that can be cut.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const SERVER = process.env.BESEDKA_URL
const APP = process.env.BESEDKA_APP
const PATIENCE = Number(process.env.PATIENCE ?? 90_000)
const SHOTS = new URL('./screenshots/', import.meta.url).pathname
mkdirSync(SHOTS, { recursive: true })

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until something is so. */
export async function until(what, find, patience = PATIENCE) {
  let last
  for (const end = Date.now() + patience; Date.now() < end; await pause(100)) {
    try {
      const found = await find()
      if (found) return found
    } catch (error) {
      last = error
    }
  }
  throw new Error(`in vain: ${what}`, { cause: last })
}

export const home = () => mkdtempSync(join(tmpdir(), 'besedka-desktop-'))

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

/** The processes of the app, all descendants of the driver. */
function descendants(root) {
  const parents = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      parents.set(pid, Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]))
    } catch {
      // It has just ended.
    }
  }
  const isBelow = (pid) => {
    for (let at = parents.get(pid); at > 1; at = parents.get(at)) if (at === root) return true
    return false
  }
  return [...parents.keys()].filter(isBelow)
}

const environment = (folder, language, theme, env) => ({
  ...process.env,
  HOME: folder,
  XDG_CONFIG_HOME: join(folder, 'config'),
  XDG_DATA_HOME: join(folder, 'data'),
  XDG_CACHE_HOME: join(folder, 'cache'),
  LANG: language,
  LANGUAGE: '',
  LC_ALL: language,
  NO_AT_BRIDGE: '1',
  GTK_THEME: theme === 'dark' ? 'Adwaita:dark' : 'Adwaita',
  ...env,
})

export class App {
  static async start(folder, { language = 'ru_RU.UTF-8', theme = 'light', args = [], env = {} } = {}) {
    const app = new App()
    app.folder = folder
    const port = await freePort()
    app.base = `http://127.0.0.1:${port}`
    app.env = environment(folder, language, theme, env)
    app.driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...app.env, TAURI_WEBVIEW_AUTOMATION: 'true' },
    })
    await until('the driver answers', async () => (await fetch(`${app.base}/status`)).ok)
    app.startedAt = performance.now()
    const { sessionId } = await app.ask('POST', '/session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: APP, args } } },
    }).catch(async (error) => {
      await app.kill()
      throw error
    })
    app.session = `/session/${sessionId}`
    return app
  }

  /** Starts the app where it cannot start: it says so in a dialog, which is closed. Answers its exit code and what it wrote. */
  static async fails(folder) {
    const app = spawn(APP, [], { stdio: ['ignore', 'pipe', 'pipe'], env: environment(folder, 'ru_RU.UTF-8', 'light', {}) })
    let written = ''
    for (const stream of [app.stdout, app.stderr]) stream.on('data', (bytes) => (written += bytes))
    const ended = new Promise((resolve) => app.once('exit', resolve))
    try {
      const id = await until('a dialog', () => (app.exitCode === null ? windowsOf(app.pid)[0] : Promise.reject(new Error(written))))
      tool('windowactivate', '--sync', id, 'key', 'Return')
      return { code: await ended, written }
    } finally {
      app.kill('SIGKILL')
    }
  }

  async ask(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body) })
    const { value } = await answer.json()
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`)
    return value
  }

  /** Runs a function's body in the page; it may be asynchronous. */
  run(body, ...args) {
    return this.ask('POST', `${this.session}/execute/async`, {
      script: `const done = arguments[arguments.length - 1]; (async (...args) => { ${body} })(...arguments).then((value) => done({ value }), (error) => done({ error: String(error) }))`,
      args,
    }).then(({ value, error }) => {
      if (error) throw new Error(error)
      return value
    })
  }

  /** An element by XPath, once it is there. */
  async find(xpath) {
    return until(xpath, async () => Object.values(await this.ask('POST', `${this.session}/element`, { using: 'xpath', value: xpath }))[0])
  }

  async click(xpath) {
    return until(`a press of ${xpath}`, async () => {
      await this.ask('POST', `${this.session}/element/${await this.find(xpath)}/click`, {})
      return true
    })
  }

  async type(xpath, text) {
    await this.ask('POST', `${this.session}/element/${await this.find(xpath)}/value`, { text })
  }

  url() {
    return this.ask('GET', `${this.session}/url`)
  }

  text() {
    return this.run('return document.body.innerText')
  }

  async shows(text) {
    let shown
    try {
      return await until(`the page shows ${text}`, async () => (shown = await this.text()).includes(text))
    } catch (error) {
      throw new Error(`${error.message}; it shows ${JSON.stringify(shown)}`, { cause: error })
    }
  }

  async shot(name) {
    writeFileSync(join(SHOTS, `${name}.png`), Buffer.from(await this.ask('GET', `${this.session}/screenshot`), 'base64'))
  }

  /** The shell's own process. */
  pid() {
    return descendants(this.driver.pid).find((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/exe`) === APP
      } catch {
        return false
      }
    })
  }

  /** Starts the app once more, as a second start by the user or a link does; answers its exit code. */
  async again(...args) {
    const second = spawn(APP, args, { stdio: 'ignore', env: this.env })
    return new Promise((resolve, reject) => second.once('exit', resolve).once('error', reject))
  }

  /** The app's window as X knows it: its id, or none while it is closed. */
  window() {
    return windowsOf(this.pid()).pop()
  }

  /** How large the window is. */
  size() {
    const [, width, height] = /Geometry: (\d+)x(\d+)/.exec(tool('getwindowgeometry', this.window()))
    return { width: Number(width), height: Number(height) }
  }

  resize({ width, height }) {
    tool('windowsize', '--sync', this.window(), String(width), String(height))
  }

  /** Waits for the app to end by itself. */
  async ends() {
    const pid = this.pid()
    return () => until('the app ended', () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
  }

  /** The user closes the window. */
  async close() {
    this.key('alt+F4')
    await until('the window is closed', () => !this.window())
  }

  /** Drags files out of another program onto the middle of the window. */
  async drop(...paths) {
    const source = spawn(join(import.meta.dirname, 'drag_source.py'), paths, { stdio: ['ignore', 'pipe', 'inherit'], env: this.env })
    let told = ''
    source.stdout.on('data', (bytes) => (told += bytes))
    try {
      await until('the other program', () => told.includes('shown'))
      const id = windowsOf(this.pid()).find((id) => tool('getwindowname', id) === 'Беседка')
      tool('windowactivate', '--sync', id, 'windowmove', id, '0', '0')
      const [, width, height] = /Geometry: (\d+)x(\d+)/.exec(tool('getwindowgeometry', id)).map(Number)
      const [screen] = tool('getdisplaygeometry').split(' ').map(Number)
      tool('mousemove', String(screen - 100), '100', 'mousedown', '1')
      for (let step = 1; step <= 12; step++) {
        const at = (from, to) => String(Math.round(from + ((to - from) * Math.min(step, 10)) / 10))
        tool('mousemove', at(screen - 100, width / 2), at(100, height / 2), 'sleep', '0.1')
      }
      tool('mouseup', '1')
      await until('the files are asked for', () => told.includes('asked'))
    } finally {
      source.kill()
    }
  }

  /** Answers the dialog of the system that asks for a file: keys, and texts that begin with a slash. */
  async dialog(...keys) {
    // GTK has a window of its own, of one pixel, since something was dragged over the app.
    const others = ['Беседка', 'besedka-desktop']
    const open = () => windowsOf(this.pid()).find((id) => !others.includes(tool('getwindowname', id)))
    const id = await until('a dialog', open)
    for (const key of keys) {
      tool('windowactivate', '--sync', id, key.startsWith('/') ? 'type' : 'key', key)
    }
    await until('the dialog is closed', () => !open())
  }

  /** Chooses an item of a menu of the window, by their places. */
  async menu(menu, item) {
    tool('windowactivate', '--sync', this.window(), 'key', 'F10', ...Array(menu).fill('Right'), ...Array(item + 1).fill('Down'), 'Return')
  }

  key(name) {
    tool('windowactivate', '--sync', this.window(), 'key', name)
  }

  /** Loads the page anew, as F5 does; `meanwhile` happens before the new page is there. */
  async reload(meanwhile) {
    await this.run('window.isOld = true')
    this.key('F5')
    await meanwhile?.()
    await until('a new page', () => this.run('return !window.isOld'))
  }

  /** As a power cut would: every process of the app at once. */
  async kill() {
    for (const pid of descendants(this.driver.pid)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended with its parent.
      }
    }
    await this.end()
  }

  async stop() {
    await this.ask('DELETE', this.session).catch(() => undefined)
    await this.kill()
  }

  /** Signs in on the page that asks who somebody is. */
  async signIn({ username, password }) {
    await this.type('//input[not(@type="password")]', username)
    await this.type('//input[@type="password"]', password)
    await this.click('//form//button[@type="submit" or not(@type)]')
  }

  /** Names the server on the page that asks for it. */
  async connect(address) {
    // The page's script names the button; before that nothing hears of a press.
    await this.find('//button[@id="check" and string-length(.) > 0]')
    await this.run('const field = document.getElementById("address"); field.value = args[0]', address)
    await this.click('//button[@id="check"]')
    await this.find('//input[@type="password"]')
  }

  async end() {
    this.driver.kill('SIGKILL')
    if (this.driver.exitCode === null && this.driver.signalCode === null) await new Promise((resolve) => this.driver.once('exit', resolve))
  }
}

/** A line to the server. `cut` ends it; `swallow` lets requests through and no answers back. */
export async function line() {
  const target = new URL(SERVER)
  const open = new Set()
  const state = { isCut: false, isSwallowing: false, swallowed: 0 }
  const server = createServer((near) => {
    if (state.isCut) return near.destroy()
    const far = connect(Number(target.port), target.hostname)
    open.add(near).add(far)
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      if (state.isSwallowing) state.swallowed += bytes.length
      else near.write(bytes)
    })
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('error', () => undefined)
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    state,
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      state.isCut = true
      for (const socket of open) socket.destroy()
    },
    mend() {
      state.isCut = false
      state.isSwallowing = false
    },
    end() {
      this.cut()
      server.close()
    },
  }
}

/** xdotool, as the user's hand. */
function tool(...args) {
  const { stdout, error } = spawnSync('xdotool', args, { encoding: 'utf8' })
  if (error) throw error
  return stdout.trim()
}

/** The windows of a process that are shown. */
const windowsOf = (pid) => tool('search', '--onlyvisible', '--pid', String(pid), '--name', '.').split('\n').filter(Boolean)

/** The desktop around the app: notifications and the tray. */
export class Desktop {
  static async start(env = process.env) {
    const desktop = new Desktop()
    desktop.notifications = []
    desktop.answers = []
    desktop.process = spawn('/usr/bin/python3', [new URL('./desktop.py', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'], env })
    createInterface(desktop.process.stdout).on('line', (line) => {
      const heard = JSON.parse(line)
      if (heard.notification) desktop.notifications.push(heard.notification)
      else if (heard.ready) desktop.isReady = true
      else if (!heard.tray) desktop.answers.shift()?.(heard)
    })
    await until('the desktop is there', () => desktop.isReady)
    return desktop
  }

  async ask(request) {
    const heard = new Promise((resolve) => this.answers.push(resolve))
    this.process.stdin.write(`${JSON.stringify(request)}\n`)
    const { answer, error } = await heard
    if (error) throw new Error(error)
    return answer
  }

  tray() {
    return this.ask({ do: 'tray' })
  }

  choose(text) {
    return this.ask({ do: 'choose', text })
  }

  press(notification) {
    return this.ask({ do: 'press', id: notification.id })
  }

  /** A notification with this text, once it is there. */
  notified(text) {
    return until(`a notification says ${text}`, () => this.notifications.find(({ body, summary }) => `${summary} ${body}`.includes(text)))
  }

  stop() {
    this.process.kill()
  }
}

/** A session bus of its own, as another user of the computer has. */
export async function bus() {
  const daemon = spawn('dbus-daemon', [`--config-file=${new URL('./bus.conf', import.meta.url).pathname}`, '--nofork', '--print-address'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(daemon.stdout), 'line')
  return { address: line, stop: () => daemon.kill() }
}

let people = 0

/** Somebody with an account, who talks by the API. */
export async function person(name) {
  const username = `person_${process.pid}_${++people}`
  const password = 'correct horse battery'
  const call = async (method, path, body, token) => {
    const answer = await fetch(`${SERVER}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID(), ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? null : answer.json()
  }
  const { user, tokens } = await call('POST', '/auth/register', { username, password, display_name: name })
  const asks = (method, path, body) => call(method, path, body, tokens.access_token)
  /** Begins a chat with somebody, who writes first; answers its id. */
  const meets = async (other) => {
    const { id } = await asks('POST', '/chats/direct', { user_id: other.id })
    await other.call('POST', '/messages', { chat_id: id, type: 'text', content: 'Здравствуйте!' })
    return id
  }
  return { id: user.id, name, username, password, call: asks, meets }
}
