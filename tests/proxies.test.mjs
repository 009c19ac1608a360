// What a reverse proxy passes on. PROXY_TLS and PROXY_PLAIN are its ports, PROXY its name (see proxies.sh).
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { createRequire } from 'node:module'
import { before, test } from 'node:test'

const require = createRequire(new URL('../web/package.json', import.meta.url))
const { WebSocket } = require('ws')
const { io } = require('socket.io-client')

const { PROXY, PROXY_TLS, PROXY_PLAIN } = process.env
const HOST = 'chat.example.org'
// Where this test says that it is: another address than the proxy's, which the server trusts.
const OURS = '127.0.0.2'
const tls = { servername: HOST, rejectUnauthorized: false, localAddress: OURS }
const agent = new https.Agent({ ...tls, keepAlive: true })

/** One request through the proxy; `plain` for HTTP without TLS. */
function ask(method, path, { headers = {}, body, plain = false } = {}) {
  const options = { host: '127.0.0.1', port: plain ? PROXY_PLAIN : PROXY_TLS, method, path, localAddress: OURS }
  const authority = plain ? HOST : `${HOST}:${PROXY_TLS}`
  options.headers = { Host: authority, 'Idempotency-Key': randomUUID(), ...headers }
  if (!plain) options.agent = agent
  return new Promise((resolve, reject) => {
    const request = (plain ? http : https).request(options, (response) => {
      const parts = []
      response.on('data', (part) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(parts)
        resolve({ status: response.statusCode, headers: response.headers, bytes, json: () => JSON.parse(bytes.toString()) })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const call = async (method, path, token, value) => {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
  const answer = await ask(method, path, { headers, body: value && JSON.stringify(value) })
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.bytes}`)
  return answer.bytes.length > 0 ? answer.json() : undefined
}

let token
let chat

before(async () => {
  // The proxy has just been started.
  for (let attempt = 0; ; attempt++) {
    const ready = await ask('GET', '/ready').catch((error) => error)
    if (ready.status === 200) break
    assert.ok(attempt < 100, `${PROXY} is not ready: ${ready.status ?? ready}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const name = `p${randomUUID().slice(0, 8)}`
  const account = { username: name, password: 'password123', display_name: name }
  token = (await call('POST', '/api/v1/auth/register', undefined, account)).tokens.access_token
  chat = (await call('POST', '/api/v1/chats', token, { title: 'Project', is_group: true, member_ids: [] })).id
})

test(`${PROXY}: HTTP is redirected to HTTPS`, async () => {
  const answer = await ask('GET', '/chats/1?a=b', { plain: true })
  assert.ok([301, 308].includes(answer.status), `${answer.status}`)
  assert.match(answer.headers.location, /^https:\/\/chat\.example\.org(:\d+)?\/chats\/1\?a=b$/)
})

test(`${PROXY}: the server sees the client's address, whatever it claims`, async () => {
  const name = `f${randomUUID().slice(0, 8)}`
  const body = JSON.stringify({ username: name, password: 'password123', display_name: name })
  const forged = { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.9' }
  const account = (await ask('POST', '/api/v1/auth/register', { headers: forged, body })).json()
  const [session] = await call('GET', '/api/v1/sessions', account.tokens.access_token)
  assert.equal(session.address, OURS)
})

test(`${PROXY}: links are of the public address, by HTTPS, whatever the client claims`, async () => {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, 'X-Forwarded-Proto': 'http' }
  const body = JSON.stringify({ filename: 'a.txt', content_type: 'text/plain', size: 3 })
  const answer = await ask('POST', '/api/v1/attachments', { headers, body })
  assert.equal(answer.status, 200, `${answer.bytes}`)
  assert.ok(answer.json().url.startsWith(`https://${HOST}:${PROXY_TLS}/`), answer.json().url)
})

test(`${PROXY}: the cookie of a page keeps it signed in`, async () => {
  const name = `c${randomUUID().slice(0, 8)}`
  const headers = { 'Content-Type': 'application/json', 'X-Besedka-Session': 'cookie', Origin: `https://${HOST}:${PROXY_TLS}` }
  const body = JSON.stringify({ username: name, password: 'password123', display_name: name })
  const answer = await ask('POST', '/api/v1/auth/register', { headers, body })
  // The proxy may set one too, by which it finds the node again.
  const cookies = answer.headers['set-cookie']
  for (const cookie of cookies) assert.match(cookie, /; Secure/)
  const again = await ask('POST', '/api/v1/auth/refresh', {
    headers: { ...headers, Cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; ') },
    body: '{}',
  })
  assert.equal(again.status, 200, `${again.bytes}`)
})

test(`${PROXY}: a large file passes up and down unchanged`, async () => {
  const file = randomBytes(30 * 1024 * 1024)
  const wanted = { filename: 'large.bin', content_type: 'application/octet-stream', size: file.length }
  const form = await call('POST', '/api/v1/attachments', token, wanted)
  const boundary = 'besedka'
  const parts = Object.entries(form.fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n`
  const body = Buffer.concat([Buffer.from(parts.join('') + head), file, Buffer.from(`\r\n--${boundary}--\r\n`)])
  const url = new URL(form.url)
  const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Content-Length': body.length }
  const answer = await ask('POST', url.pathname + url.search, { headers, body })
  assert.equal(answer.status, 204, `${answer.status} ${answer.bytes}`)
  const message = { chat_id: chat, type: 'file', payload: { attachment_id: form.attachment_id } }
  const posted = await call('POST', '/api/v1/messages', token, message)
  const id = posted.attachments[0].id
  const back = await ask('GET', `/api/v1/attachments/${id}`, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal(back.status, 200)
  assert.ok(file.equals(back.bytes), 'the same bytes')
})

test(`${PROXY}: encoded characters in a path arrive as they were sent`, async () => {
  const message = await call('POST', '/api/v1/messages', token, { chat_id: chat, type: 'text', content: 'Hello' })
  for (const emoji of ['👍', '#️⃣']) {
    await call('PUT', `/api/v1/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`, token)
  }
})

test(`${PROXY}: a WebSocket delivers messages`, async () => {
  const socket = new WebSocket(`wss://127.0.0.1:${PROXY_TLS}/ws`, { ...tls, headers: { Host: `${HOST}:${PROXY_TLS}` } })
  const heard = new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => socket.send(JSON.stringify({ event: 'auth', data: { token } })))
    socket.on('message', (text) => {
      const frame = JSON.parse(text)
      if (frame.event === 'ready') {
        call('POST', '/api/v1/messages', token, { chat_id: chat, type: 'text', content: 'Over the socket' }).catch(reject)
      }
      if (frame.event === 'message.created') resolve(frame.data.content)
    })
  })
  assert.equal(await heard, 'Over the socket')
  socket.close()
})

/** For clients that can't be told a `Host`: the name leads here. */
const lookup = (_name, options, found) =>
  options.all ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)

for (const transport of ['polling', 'websocket']) {
  test(`${PROXY}: Socket.IO delivers messages by ${transport}`, async () => {
    const socket = io(`https://${HOST}:${PROXY_TLS}`, {
      path: '/kyte/socket.io',
      query: { token, chatId: String(chat) },
      transports: [transport],
      agent: new https.Agent({ ...tls, lookup }),
      rejectUnauthorized: false,
      reconnection: false,
      forceNew: true,
    })
    try {
      await new Promise((resolve, reject) => {
        socket.on('connect', resolve)
        socket.on('connect_error', reject)
      })
      const heard = new Promise((resolve) => socket.on('message', resolve))
      await call('POST', '/api/v1/messages', token, { chat_id: chat, type: 'text', content: `By ${transport}` })
      assert.equal((await heard).content, `By ${transport}`)
    } finally {
      socket.close()
    }
  })
}
