// Kyte's sockets, with the clients that people have: wscat, as its document says, and socket.io-client.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { io } from 'socket.io-client'
import { BASE, PASSWORD, PATIENCE, unique } from './lib.mjs'

async function call(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
  const answer = await fetch(`${BASE}/kyte${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.ok(answer.ok, `${path}: ${answer.status}`)
  return answer.json()
}

/// Somebody with a group of their own.
async function founder() {
  const person = { email: `${unique()}@example.com`, password: PASSWORD, name: 'Вера' }
  const { accessToken: token } = await call('/auth/register', person)
  const { group } = await call('/groups', { name: 'Сад', participantIds: [] }, token)
  return { token, chatId: group.id, say: (content) => call(`/chats/${group.id}/messages`, { content }, token) }
}

const soon = () => ({ signal: AbortSignal.timeout(PATIENCE) })
const heard = async (socket, event) => (await once(socket, event, soon()))[0]

const WAYS = [['polling', 'websocket'], ['websocket'], ['polling']]
for (const transports of WAYS) {
  test(`socket.io-client hears and speaks by ${transports.join(', then ')}`, async () => {
    const { token, chatId, say } = await founder()
    // The path of an address is a namespace to this client.
    const socket = io(`${BASE}/kyte`, { path: '/kyte/socket.io', query: { token, chatId }, transports, forceNew: true })
    try {
      await heard(socket, 'connect')
      if (transports.length > 1 && socket.io.engine.transport.name === 'polling') {
        await new Promise((done) => socket.io.engine.once('upgrade', done))
      }
      assert.equal(socket.io.engine.transport.name, transports.at(-1))
      const hearing = heard(socket, 'message')
      const { message } = await say('по HTTP')
      assert.deepEqual(await hearing, message)
      const echo = heard(socket, 'message')
      socket.emit('message', { content: 'по Socket.IO' })
      assert.equal((await echo).content, 'по Socket.IO')
    } finally {
      socket.disconnect()
    }
  })
}

test('socket.io-client is told why a stranger is refused', async () => {
  const [{ token }, { chatId }] = [await founder(), await founder()]
  const socket = io(BASE, { path: '/kyte/socket.io', query: { token, chatId }, forceNew: true })
  try {
    const error = await heard(socket, 'connect_error')
    assert.equal(error.message, 'You are not a member of this chat')
  } finally {
    socket.disconnect()
  }
})

test('wscat says something and hears it', async () => {
  const { token, chatId } = await founder()
  const wscat = fileURLToPath(new URL('../node_modules/.bin/wscat', import.meta.url))
  const address = `${BASE.replace('http', 'ws')}/kyte/ws/chat/${chatId}?token=${token}`
  const said = JSON.stringify({ type: 'message', content: 'Message text' })
  const child = spawn(wscat, ['-c', address, '-x', said, '-w', '-1'], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    let output = ''
    for await (const part of child.stdout) {
      output += part
      if (output.includes('"content":"Message text"') && output.includes('"chatId"')) return
    }
    assert.fail(`wscat ended with: ${output}`)
  } finally {
    child.kill()
  }
})
