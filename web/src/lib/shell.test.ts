import { QueryClient } from '@tanstack/react-query'
import { afterEach, expect, test, vi } from 'vitest'
import { Session } from '@/api/session'
import { addressOf, connectShell } from './desktopShell'
import { setShell, shell } from './shell'
import { startShell } from './startShell'

const REQUESTS = 'besedka-server://localhost'
const calls: { command: string; arguments_: Record<string, unknown> }[] = []

/// The shell's side of the calls: what it answers by command.
function answer(answers: Record<string, unknown>): void {
  let last = 0
  vi.stubGlobal('__TAURI_INTERNALS__', {
    invoke: async (command: string, arguments_: Record<string, unknown>) => {
      calls.push({ command, arguments_ })
      return answers[command]
    },
    transformCallback: (callback: (data: unknown) => void) => {
      callbacks.set(++last, callback)
      return last
    },
  })
}
const callbacks = new Map<number, (data: unknown) => void>()

afterEach(() => {
  setShell(null)
  calls.length = 0
  callbacks.clear()
  vi.unstubAllGlobals()
})

const START = { requests: REQUESTS, site: 'https://chat.example', signedIn: false, language: 'ru', languages: {} }

test('in a browser the page is its own server, and the app is not asked', async () => {
  await startShell()
  expect(shell()).toMatchObject({ requests: '', desktop: null, site: location.origin })
  expect(shell().address('https://bucket.example/x')).toBe('https://bucket.example/x')
})

test('in the app requests go to the shell, which says what people open', async () => {
  answer({ start: START })
  await startShell()
  expect(shell()).toMatchObject({ requests: REQUESTS, site: 'https://chat.example', language: 'ru' })
  expect(calls.map(({ command }) => command)).toEqual(['start'])
})

test('the app knows who is signed in, though the webview lost what it kept', async () => {
  localStorage.clear()
  const state = async (signedIn: boolean) => {
    answer({ start: { ...START, signedIn } })
    await startShell()
    return new Session(new QueryClient()).current()
  }
  expect(await state(false)).toBe('out')
  expect(await state(true)).toBe('unknown')
})

test('addresses that the server names lead to the shell, other hosts as a whole', () => {
  const at = (site: string, url: string) => addressOf(REQUESTS, site, url)
  expect(at('https://chat.example', 'https://chat.example/api/v1/x?y=1')).toBe(`${REQUESTS}/api/v1/x?y=1`)
  expect(at('https://chat.example/b', 'https://chat.example/b/api/v1/x')).toBe(`${REQUESTS}/b/api/v1/x`)
  expect(at('https://chat.example', 'https://chat.example.evil/x')).toBe(`${REQUESTS}/~${encodeURIComponent('https://chat.example.evil/x')}`)
  expect(at('https://chat.example', 'blob:tauri://localhost/1')).toBe('blob:tauri://localhost/1')
})

test('the live connection is the shell’s, and behaves as a WebSocket does', async () => {
  answer({ start: START })
  const { desktop } = await connectShell()
  const heard: unknown[] = []
  const socket = desktop!.openSocket()
  socket.onopen = () => heard.push('open')
  socket.onmessage = ({ data }) => heard.push(data)
  socket.onclose = ({ code, reason }) => heard.push([code, reason])
  socket.send('too early')
  const [tell] = [...callbacks.values()]
  tell!({ index: 0, message: { kind: 'open' } })
  // The frames of a channel may overtake each other; their numbers put them in order.
  tell!({ index: 2, message: { kind: 'closed', code: 4401, reason: 'expired' } })
  tell!({ index: 1, message: { kind: 'text', text: '{"event":"ready"}' } })
  expect(heard).toEqual(['open', '{"event":"ready"}', [4401, 'expired']])
  expect(socket.readyState).toBe(WebSocket.CLOSED)
  socket.close()
  expect(calls.map(({ command }) => command)).toEqual(['start', 'socket_open'])
})

test('what the page says goes to its own socket, until it is closed', async () => {
  answer({ start: START })
  const { desktop } = await connectShell()
  const socket = desktop!.openSocket()
  const id = calls.at(-1)!.arguments_.id
  ;[...callbacks.values()][0]!({ index: 0, message: { kind: 'open' } })
  socket.send('ping')
  socket.close(1000)
  socket.send('too late')
  expect(calls.slice(2)).toEqual([
    { command: 'socket_send', arguments_: { id, text: 'ping' } },
    { command: 'socket_close', arguments_: { id, code: 1000 } },
  ])
})
