import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { api, assertWellBehaved, bubble, chatRow, close, device, history, open, register, signUp, unique, until } from './lib.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// Stands between the pages of a context and the server's socket: counts what each connection replays, and cuts the line.
async function line(context) {
  const state = { isCut: false, connections: [] }
  const open = new Set()
  await context.routeWebSocket('**/ws', (page) => {
    if (state.isCut) return page.close()
    open.add(page)
    const connection = { replayed: 0, isReady: false }
    state.connections.push(connection)
    const server = page.connectToServer()
    page.onClose(() => {
      open.delete(page)
      server.close()
    })
    server.onMessage((text) => {
      const frame = JSON.parse(text)
      if (frame.event === 'ready') connection.isReady = true
      if (frame.position && !connection.isReady) connection.replayed += 1
      page.send(text)
    })
  })
  state.cut = () => {
    state.isCut = true
    for (const page of open) page.close()
    open.clear()
  }
  state.mend = () => {
    state.isCut = false
  }
  return state
}

/// Waits for the next connection, and answers how many events it replayed.
async function replayed(socket, known) {
  await until(() => socket.connections.length > known && socket.connections.at(-1).isReady, 'a connection')
  return socket.connections.at(-1).replayed
}

/// Somebody in eleven chats, in each of which enough happened that its sequence number holds a letter.
async function busyPerson() {
  const tag = unique()
  const context = await device()
  const socket = await line(context)
  const anna = await signUp(context, `Анна ${tag}`)
  const boris = await register(`Борис ${tag}`)
  const [her, his] = [await api(anna.login), await api(boris.login)]
  for (let n = 0; n < 10; n++) {
    const { id } = await her.post('/chats', { title: `Группа ${n}`, is_group: true, member_ids: [] })
    for (let m = 0; m < 12; m++) await her.post('/messages', { chat_id: id, type: 'text', content: `заметка ${m}` })
  }
  const { id: chat } = await her.post('/chats/direct', { user_id: boris.id })
  const tell = (text) => his.post('/messages', { chat_id: chat, type: 'text', content: text })
  for (let n = 1; n <= 48; n++) await tell(`слово ${n}.`)
  await her.post(`/chats/${chat}/read`, {})
  const { cursor } = await her.get('/sync')
  for (const position of cursor.split('.')) assert.match(position, /-.*[a-z]/)
  return { context, page: anna.page, boris, chat, tell, socket }
}

test('what is said while the connection is cut appears once and in order, and nothing else is told again', async () => {
  const { context, page, boris, tell, socket } = await busyPerson()
  const before = socket.connections.length
  await page.reload()
  await chatRow(page, boris.display_name).click()
  await bubble(page, 'слово 48.').waitFor()
  assert.equal(await replayed(socket, before), 0, 'replayed by a reload')

  socket.cut()
  const missed = ['раз', 'два', 'три', 'четыре', 'пять'].map((word) => `пропущено ${word}`)
  for (const text of missed) await tell(text)
  socket.mend()
  assert.equal(await replayed(socket, before + 1), missed.length, 'replayed after the break')
  await bubble(page, 'пропущено пять').waitFor()
  const shown = await history(page).getByRole('article').filter({ hasText: 'пропущено' }).allInnerTexts()
  assert.deepEqual(shown.map((text) => /пропущено \S+/.exec(text)[0]), missed)

  await tell('снова вживую')
  await bubble(page, 'снова вживую').waitFor()
  await context.close()
})
