// Uses the generated TypeScript client of v1 against the server that BESEDKA_URL names.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import createClient from 'openapi-fetch'
import type { paths } from './v1'

const baseUrl = `${process.env.BESEDKA_URL}/api/v1`
const key = () => ({ 'Idempotency-Key': randomUUID() })

async function person(name: string) {
  const { data } = await createClient<paths>({ baseUrl }).POST('/auth/register', {
    params: { header: key() },
    body: { username: name, password: 'password123', display_name: name },
  })
  assert(data)
  const headers = { Authorization: `Bearer ${data.tokens.access_token}` }
  return { id: data.user.id, client: createClient<paths>({ baseUrl, headers }) }
}

const anna = await person(`anna-${randomUUID().slice(0, 8)}`)
const boris = await person(`boris-${randomUUID().slice(0, 8)}`)

const start = await boris.client.GET('/sync')
const chat = await anna.client.POST('/chats', {
  params: { header: key() },
  body: { title: 'Garden', is_group: true, member_ids: [boris.id] },
})
assert.equal(chat.data?.title, 'Garden')
const chat_id = chat.data.id

const again = key()
const hello = { params: { header: again }, body: { chat_id, content: 'hello' } }
const posted = await anna.client.POST('/messages', hello)
assert.equal(posted.response.status, 201)
const said = posted.data
assert(said)
assert.deepEqual([said.content, said.reactions, said.attachments], ['hello', [], []])

const repeated = await anna.client.POST('/messages', hello)
assert.equal(repeated.response.status, 409)
assert.equal(repeated.error?.code, 'duplicate_request')
const unknown = await anna.client.GET('/messages/{message_id}', { params: { path: { message_id: 1 } } })
assert.deepEqual([unknown.response.status, unknown.error?.code], [404, 'not_found'])
const empty = await anna.client.POST('/messages', { params: { header: key() }, body: { chat_id, content: '' } })
assert.equal(empty.response.status, 400)
assert.match(empty.error?.detail ?? '', /^content/)

const path = { message_id: said.id }
const edited = await anna.client.PATCH('/messages/{message_id}', { params: { path, header: key() }, body: { content: 'hello, all' } })
assert.equal(edited.data?.content, 'hello, all')
const liked = await boris.client.PUT('/messages/{message_id}/reactions/{emoji}', { params: { path: { ...path, emoji: '👍' }, header: key() } })
assert.deepEqual(liked.data?.reactions.map(({ emoji, count }) => [emoji, count]), [['👍', 1]])

const bytes = new TextEncoder().encode('written by hand')
const form = await anna.client.POST('/attachments', {
  params: { header: key() },
  body: { filename: 'note.txt', content_type: 'text/plain', size: bytes.length },
})
assert(form.data)
const filled = new FormData()
for (const [name, value] of Object.entries(form.data.fields)) filled.set(name, value)
filled.set('file', new Blob([bytes], { type: 'text/plain' }), 'note.txt')
const uploaded = await fetch(form.data.url, { method: 'POST', body: filled })
assert.equal(uploaded.status, 204)
const sent = await anna.client.POST('/messages', {
  params: { header: key() },
  body: { chat_id, type: 'file', payload: { attachment_id: form.data.attachment_id } },
})
assert.equal(sent.data?.attachments[0]?.size, bytes.length)

const listed = await boris.client.GET('/messages', { params: { query: { chat_id } } })
assert.deepEqual(listed.data?.slice(0, 2).map(({ id }) => id), [sent.data?.id, said.id])
const page = await boris.client.GET('/sync', { params: { query: { cursor: start.data?.cursor } } })
assert(page.data?.events.some(({ event }) => event === 'message.created'))
console.log('typescript: all is as it should be')
