// The app under a WebDriver (WebKitWebDriver, as tauri-driver uses it), and a line to the server that can be cut.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

export class App {
  static async start(folder, { language = 'ru_RU.UTF-8', theme = 'light' } = {}) {
    const app = new App()
    app.folder = folder
    const port = await freePort()
    app.base = `http://127.0.0.1:${port}`
    app.driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        TAURI_WEBVIEW_AUTOMATION: 'true',
        XDG_CONFIG_HOME: join(folder, 'config'),
        XDG_DATA_HOME: join(folder, 'data'),
        XDG_CACHE_HOME: join(folder, 'cache'),
        LANG: language,
        LANGUAGE: '',
        LC_ALL: language,
        NO_AT_BRIDGE: '1',
        GTK_THEME: theme === 'dark' ? 'Adwaita:dark' : 'Adwaita',
      },
    })
    await until('the driver answers', async () => (await fetch(`${app.base}/status`)).ok)
    app.startedAt = performance.now()
    const { sessionId } = await app.ask('POST', '/session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: APP, args: [] } } },
    })
    app.session = `/session/${sessionId}`
    return app
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
    return until(`the page shows ${text}`, async () => (await this.text()).includes(text))
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
  return { id: user.id, name, username, password, call: (method, path, body) => call(method, path, body, tokens.access_token) }
}
