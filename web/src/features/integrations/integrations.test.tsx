import { expect, test } from 'vitest'
import { CHAT, chat, person } from '@/api/fixtures'
import { button, click, fill, named, Refusal, render, serve, until } from '@/testing/render'
import { BotsPage } from './BotsPage'
import { ChatWebhooks } from './ChatWebhooks'
import { Deliveries } from './Deliveries'
import { OutgoingWebhooks } from './OutgoingWebhooks'

const AT = '2024-03-26T10:00:00'
const hook = { id: 5, chat_id: CHAT, name: 'CI', author_id: 77, creator_id: 1, created_at: AT, last_used_at: null }
const outgoing = { id: 6, chat_id: CHAT, bot_id: null, name: 'Log', url: 'https://example.com/in', events: ['message.created' as const], creator_id: 1, created_at: AT, enabled: true, disabled_at: null, disabled_reason: null, failing_since: null }
const bot = { user: { ...person(50, 'Deploy'), username: 'deploy', is_bot: true }, owner_id: 1, commands: [{ name: 'deploy', description: 'To production' }] }
const none = () => undefined

test('the address of a new webhook is shown with an example, and not after the dialog was closed', async () => {
  const calls = serve({ [`GET /chats/${CHAT}/webhooks`]: () => [hook], [`POST /chats/${CHAT}/webhooks`]: () => ({ ...hook, url: 'https://chat.example/hooks/abc' }) })
  await render(<ChatWebhooks chat={CHAT} onClose={none} />, { language: 'en' })
  expect(document.querySelector('code')).toBeNull()
  await click(button('New webhook'))
  await fill(named('input', 'Name'), ' CI ')
  await click(button('Create webhook'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: `/chats/${CHAT}/webhooks`, body: { name: 'CI' } }))
  expect(document.querySelector('code')?.textContent).toBe('https://chat.example/hooks/abc')
  expect(document.querySelector('pre')?.textContent).toContain('curl')
  expect(() => named('form', 'New webhook')).toThrow()
})

test('an address is replaced, and a webhook deleted, only after a question', async () => {
  const calls = serve({ [`GET /chats/${CHAT}/webhooks`]: () => [hook], [`POST /chats/${CHAT}/webhooks/5/rotate`]: () => ({ ...hook, url: 'https://chat.example/hooks/new' }) })
  await render(<ChatWebhooks chat={CHAT} onClose={none} />, { language: 'en' })
  await click(button('Replace address: CI'))
  await click(button('Delete: CI'))
  expect(calls.filter(({ method }) => method !== 'GET')).toEqual([])
  await click(button('Delete webhook'))
  expect(calls.filter(({ method }) => method !== 'GET')).toMatchObject([{ method: 'DELETE', path: `/chats/${CHAT}/webhooks/5` }])
  await click(button('Replace address: CI'))
  await click(button('Replace'))
  expect(document.querySelector('code')?.textContent).toBe('https://chat.example/hooks/new')
})

test('a refused webhook says why beside its form', async () => {
  serve({ [`GET /chats/${CHAT}/outgoing-webhooks`]: () => [], [`POST /chats/${CHAT}/outgoing-webhooks`]: () => new Refusal(400, 'invalid', 'url: must be public') })
  await render(<OutgoingWebhooks source={{ chat: CHAT }} />, { language: 'en' })
  await click(button('New webhook'))
  expect(document.body.textContent).not.toContain('Bot command used')
  await fill(named('input', 'Name'), 'Log')
  await fill(named('input', 'Address'), 'http://10.0.0.1/')
  await click(button('Create webhook'))
  expect(document.querySelector('[role=alert]')?.textContent).toMatch(/^This address cannot be used/)
})

test('the log says what failed and why, and sends it again; a webhook that is off sends nothing', async () => {
  const delivery = { id: 9, message_id: 'msg_9', event: 'message.created', state: 'failed', created_at: AT, attempts: 3, last_attempt_at: AT, next_attempt_at: null, delivered_at: null, status: 503, failure: 'the receiver answered 503' }
  const calls = serve({ 'GET /outgoing-webhooks/6/deliveries': () => [delivery] })
  await render(<Deliveries webhook={outgoing} />, { language: 'en' })
  await until(() => expect(document.body.textContent).toContain('Not delivered'))
  expect(document.body.textContent).toContain('3 attempts · HTTP 503')
  expect(document.body.textContent).toContain('the receiver answered 503')
  await click(button('Send again'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: '/outgoing-webhooks/6/deliveries/9/replay' }))
  document.body.replaceChildren()
  await render(<Deliveries webhook={{ ...outgoing, enabled: false, disabled_reason: 'it failed for a day' }} />, { language: 'en' })
  expect(document.body.textContent).toContain('Switched off: it failed for a day')
  expect(() => button('Send again')).toThrow()
})

test('a bot gets commands without their slash, and a token in place of another', async () => {
  const token = { id: 3, name: 'Server', scopes: ['read', 'write'], created_at: AT, last_used_at: null, expires_at: null }
  const calls = serve({
    'GET /bots': () => [bot],
    'GET /bots/50/tokens': () => [token],
    'GET /bots/50/outgoing-webhooks': () => [],
    'POST /bots/50/tokens': () => ({ ...token, id: 4, token: 'bsk_new' }),
    'PUT /bots/50/commands': () => bot,
  })
  await render(<BotsPage />, { language: 'en', chats: [chat({ id: 1, title: 'Ours', role: 'admin' }), chat({ id: 2, title: 'Theirs', role: 'member' })] })
  await click(button(/^Deploy/))
  expect([...document.querySelectorAll('option')].map(({ textContent }) => textContent)).toEqual(['Ours'])
  await click(button('Add to group'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: '/chats/1/members', body: { user_id: 50 } }))
  await click(button('Replace token: Server'))
  await until(() => expect(calls).toContainEqual(expect.objectContaining({ method: 'DELETE', path: '/bots/50/tokens/3' })))
  expect(document.querySelector('code')?.textContent).toBe('bsk_new')
  await click(button('Add command'))
  await fill(document.querySelector<HTMLInputElement>('[role=group][aria-label="Command 2"] input')!, '/status')
  await click(button('Save', named('form', 'Commands')))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'PUT', path: '/bots/50/commands', body: { commands: [{ name: 'deploy', description: 'To production' }, { name: 'status', description: '' }] } }))
})

test('without bots the page says so, and a new one is opened at once', async () => {
  let bots: object[] = []
  serve({ 'GET /bots': () => bots, 'POST /bots': () => { bots = [bot]; return bot }, 'GET /bots/50/tokens': () => [], 'GET /bots/50/outgoing-webhooks': () => [] })
  await render(<BotsPage />, { language: 'en' })
  expect(document.body.textContent).toContain('You have no bots yet')
  await click(button('New bot'))
  await fill(named('input', 'Name of the bot'), 'Deploy')
  await click(button('Create bot'))
  await until(() => expect(document.querySelector('h3')?.textContent).toBe('Deploy'))
  expect(document.body.textContent).toContain('a group that you own or administer')
})
