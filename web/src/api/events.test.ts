import type { QueryClient } from '@tanstack/react-query'
import { beforeEach, expect, test, vi } from 'vitest'
import { applyEvents, inFlightOf } from './events'
import { cacheOf, CHAT, chat, HER, ME, member, message, person } from './fixtures'
import { fromPage, overlay, withOlder, type History } from './history'
import { keys } from './keys'
import type { Chat, Member, Message } from './types'

let cache: QueryClient
const hear = (event: string, data: unknown) => applyEvents(cache, [{ event, data }])
const theChat = () => cache.getQueryData<Chat[]>(keys.chats)![0]!
const items = () => cache.getQueryData<History>(keys.history(CHAT))!.items
const show = (...messages: Message[]) => cache.setQueryData<History>(keys.history(CHAT), { items: messages, hasOlder: false, hasNewer: false })

beforeEach(() => {
  cache = cacheOf()
})

test('a new message joins its history and leads its chat', () => {
  show(message(1))
  hear('message.created', message(2))
  expect(items().map(({ id }) => id)).toEqual([1, 2])
  expect(theChat()).toMatchObject({ unread_count: 1, last_message: { id: 2 } })
})

test('an answer shows what it answers as that is now', () => {
  const quote = { id: 1, author_id: HER, type: 'text' as const, text: 'message 1' }
  show(message(1), message(2, { reply_to: quote }))
  hear('message.updated', message(1, { content: 'changed', plain: 'changed' }))
  expect(items()[1]!.reply_to).toEqual({ ...quote, text: 'changed' })
  hear('message.deleted', { id: 1, chat_id: CHAT })
  expect(items()[1]!.reply_to).toEqual({ ...quote, text: null })
})

test('a message that is told twice counts once', () => {
  show()
  hear('message.created', message(2))
  hear('message.created', message(2))
  expect(items()).toHaveLength(1)
  expect(theChat().unread_count).toBe(1)
})

test('one\'s own message is not unread', () => {
  hear('message.created', message(2, { author_id: ME }))
  expect(theChat()).toMatchObject({ unread_count: 0, last_message: { id: 2 } })
})

test('what the server recorded is not unread', () => {
  hear('message.created', message(2, { type: 'system', payload: { kind: 'member.added' } }))
  expect(theChat()).toMatchObject({ unread_count: 0, last_message: { id: 2 } })
})

test('a message of an unknown chat asks for the list anew', () => {
  const asked = vi.spyOn(cache, 'invalidateQueries')
  hear('message.created', message(2, { chat_id: 99 }))
  expect(asked).toHaveBeenCalledWith({ queryKey: keys.chats })
})

test('an edit and a reaction replace the message, also in the list', () => {
  show(message(1))
  hear('message.created', message(2))
  hear('message.updated', message(2, { content: 'better', reactions: [{ emoji: '👍', count: 1, user_ids: [ME] }] }))
  expect(items()[1]).toMatchObject({ content: 'better', reactions: [{ count: 1 }] })
  expect(theChat().last_message?.content).toBe('better')
})

test('an edit of what is not loaded changes nothing', () => {
  show(message(5))
  hear('message.updated', message(1))
  expect(items().map(({ id }) => id)).toEqual([5])
})

test('a deleted message leaves a tombstone', () => {
  show(message(1))
  hear('message.created', message(2))
  hear('message.deleted', { id: 2, chat_id: CHAT })
  expect(items()[1]).toMatchObject({ id: 2, deleted: true, content: null })
  expect(theChat().last_message?.deleted).toBe(true)
})

test('messages that are deleted together leave tombstones', () => {
  show(message(1), message(2), message(3))
  hear('messages.deleted', { ids: [1, 2], chat_id: CHAT })
  expect(items().map(({ deleted }) => deleted)).toEqual([true, true, false])
})

test('what is deleted before it was read is unread no more, and counts once', () => {
  show()
  for (const id of [2, 3]) hear('message.created', message(id))
  hear('message.deleted', { id: 2, chat_id: CHAT })
  hear('message.deleted', { id: 2, chat_id: CHAT })
  expect(theChat().unread_count).toBe(1)
  hear('message.deleted', { id: 3, chat_id: CHAT })
  expect(theChat().unread_count).toBe(0)
})

test('a reply that is deleted or hidden is so in its thread too, though its chat has other messages loaded', () => {
  show(message(90))
  cache.setQueryData<Message[]>(keys.thread(1), [2, 3, 4].map((id) => message(id, { thread_id: 1 })))
  hear('message.deleted', { id: 2, chat_id: CHAT })
  hear('message.hidden', { id: 3, chat_id: CHAT })
  expect(cache.getQueryData<Message[]>(keys.thread(1))).toMatchObject([{ id: 2, deleted: true }, { id: 4, deleted: false }])
})

test('a mention that is deleted, hidden or edited away counts as a mention no more', () => {
  show()
  for (const id of [2, 3, 4]) hear('message.created', message(id, { mentions: [ME] }))
  expect(theChat()).toMatchObject({ unread_count: 3, mention_count: 3 })
  for (let twice = 0; twice < 2; twice++) hear('message.deleted', { id: 2, chat_id: CHAT })
  expect(theChat()).toMatchObject({ unread_count: 2, mention_count: 2 })
  hear('message.hidden', { id: 3, chat_id: CHAT })
  expect(theChat()).toMatchObject({ unread_count: 1, mention_count: 1 })
  for (let twice = 0; twice < 2; twice++) hear('message.updated', message(4))
  expect(theChat()).toMatchObject({ unread_count: 1, mention_count: 0 })
  hear('message.updated', message(4, { mentions_all: true }))
  expect(theChat()).toMatchObject({ unread_count: 1, mention_count: 1 })
  hear('chat.read', { chat_id: CHAT, user_id: ME, message_id: 4 })
  hear('message.deleted', { id: 4, chat_id: CHAT })
  expect(theChat()).toMatchObject({ unread_count: 0, mention_count: 0 })
})

test('whether an unknown message was unread is asked of the server', () => {
  hear('message.created', message(5))
  const asked = vi.spyOn(cache, 'invalidateQueries')
  hear('message.deleted', { id: 2, chat_id: CHAT })
  expect(asked).toHaveBeenCalledWith({ queryKey: keys.chats })
})

test('a message hidden for oneself is gone', () => {
  show(message(1), message(2))
  hear('message.hidden', { id: 1, chat_id: CHAT })
  expect(items().map(({ id }) => id)).toEqual([2])
})

test('chats come, change their title and go', () => {
  hear('chat.created', chat({ id: 11, title: 'New' }))
  expect(cache.getQueryData<Chat[]>(keys.chats)!.map(({ id }) => id)).toEqual([11, CHAT])
  hear('chat.updated', { id: 11, title: 'Newer' })
  expect(theChat().title).toBe('Newer')
  hear('chat.updated', { id: 11, title: null, message_life: 60 })
  expect(theChat()).toMatchObject({ title: 'Newer', message_life: 60 })
  hear('chat.removed', { id: 11 })
  expect(cache.getQueryData<Chat[]>(keys.chats)!.map(({ id }) => id)).toEqual([CHAT])
})

test('a replayed creation does not take back what was heard since', () => {
  hear('message.created', message(7))
  hear('chat.created', chat())
  expect(theChat().last_message?.id).toBe(7)
})

test('a member with another name or role is shown as they are now', () => {
  cache.setQueryData(keys.members(CHAT), [member(ME), member(HER)])
  const renamed = member(HER, { role: 'admin', user: { ...person(HER), display_name: 'Newer' } })
  hear('member.updated', { chat_id: CHAT, member: renamed })
  expect(cache.getQueryData<Member[]>(keys.members(CHAT))![1]).toEqual(renamed)
  hear('member.updated', { chat_id: CHAT, member: member(ME, { role: 'owner' }) })
  expect(theChat().role).toBe('owner')
})

test('members come and go, and are counted', () => {
  cache.setQueryData(keys.members(CHAT), [member(ME), member(HER)])
  hear('member.added', { chat_id: CHAT, member: member(3) })
  hear('member.added', { chat_id: CHAT, member: member(3) })
  expect(theChat().member_count).toBe(3)
  hear('member.removed', { chat_id: CHAT, user_id: HER })
  expect(cache.getQueryData<Member[]>(keys.members(CHAT))!.map(({ user }) => user.id)).toEqual([ME, 3])
  expect(theChat().member_count).toBe(2)
})

test('another\'s read mark moves forward only', () => {
  cache.setQueryData(keys.members(CHAT), [member(HER, { last_read_message_id: 5 })])
  hear('chat.read', { chat_id: CHAT, user_id: HER, message_id: 8 })
  hear('chat.read', { chat_id: CHAT, user_id: HER, message_id: 3 })
  expect(cache.getQueryData<Member[]>(keys.members(CHAT))![0]!.last_read_message_id).toBe(8)
})

test('reading on another device clears the badge here', () => {
  show()
  for (const id of [2, 3, 4]) hear('message.created', message(id))
  hear('chat.read', { chat_id: CHAT, user_id: ME, message_id: 3 })
  expect(theChat()).toMatchObject({ unread_count: 1, last_read_message_id: 3 })
  hear('chat.read', { chat_id: CHAT, user_id: ME, message_id: 4 })
  expect(theChat().unread_count).toBe(0)
})

test('a gap has the chat loaded anew', () => {
  const asked = vi.spyOn(cache, 'invalidateQueries')
  hear('gap', { chat_id: CHAT })
  expect(asked).toHaveBeenCalledWith({ queryKey: keys.history(CHAT) })
})

test('a gap has everything loaded anew that its events would have changed', () => {
  const stale = (gap: { chat_id: number | null }) => {
    const own = [keys.me, keys.chats, keys.drafts, keys.bookmarks, keys.blocked, keys.sessions, keys.tokens, keys.vote(3)]
    const ofChat = [keys.history(CHAT), keys.members(CHAT), keys.pins(CHAT), keys.scheduled(CHAT), keys.thread(3), keys.threadRoot(3)]
    const all = [...own, ...ofChat, keys.history(11), keys.pins(11)]
    const filled = cacheOf()
    for (const key of all) if (filled.getQueryData(key) === undefined) filled.setQueryData(key, [])
    applyEvents(filled, [{ event: 'gap', data: gap }])
    return all.filter((key) => filled.getQueryState(key)!.isInvalidated)
  }
  expect(stale({ chat_id: null })).toEqual([
    keys.me, keys.chats, keys.drafts, keys.bookmarks, keys.blocked, keys.sessions, keys.tokens, keys.vote(3), keys.scheduled(CHAT),
  ])
  expect(stale({ chat_id: CHAT })).toEqual([
    keys.chats, keys.bookmarks, keys.history(CHAT), keys.members(CHAT), keys.pins(CHAT), keys.thread(3), keys.threadRoot(3),
  ])
})

test('an unknown event is passed over', () => {
  expect(() => hear('star.born', {})).not.toThrow()
})

test('what is told while a page is fetched is in the page', async () => {
  const { answer, notes } = await inFlightOf(cache).messages.during(CHAT, async () => {
    hear('message.created', message(3))
    hear('message.updated', message(2, { content: 'edited' }))
    hear('message.hidden', { id: 1, chat_id: CHAT })
    return [message(2), message(1)]
  })
  const { items: shown } = overlay(fromPage(answer, 50), notes)
  expect(shown.map(({ id, content }) => [id, content])).toEqual([[2, 'edited'], [3, 'message 3']])
})

test('an older page goes in front, and what is known stays as it is', () => {
  const known: History = { items: [message(3, { content: 'edited' })], hasOlder: true, hasNewer: false }
  const { items: all, hasOlder } = withOlder(known, [message(3), message(2), message(1)], 50)
  expect(all.map(({ content }) => content)).toEqual(['message 1', 'message 2', 'edited'])
  expect(hasOlder).toBe(false)
})

test('a replay writes each part of the cache once, and asks for a list once', () => {
  show(message(1))
  const writes: string[] = []
  cache.getQueryCache().subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'success') writes.push(event.query.queryHash)
  })
  const asked = vi.spyOn(cache, 'invalidateQueries')
  const ids = Array.from({ length: 1000 }, (_, index) => index + 2)
  applyEvents(cache, ids.flatMap((id) => [
    { event: 'message.created', data: message(id) },
    { event: 'message.updated', data: message(id, { content: 'better' }) },
    { event: 'message.created', data: message(id, { chat_id: 99 }) },
  ]))
  expect(writes.sort()).toEqual(['["chats"]', '["history",10]'])
  expect(asked).toHaveBeenCalledTimes(1)
  expect(items().map(({ id }) => id)).toEqual([1, ...ids])
  expect(items().at(-1)).toMatchObject({ content: 'better' })
  expect(theChat()).toMatchObject({ unread_count: 1000, last_message: { content: 'better' } })
})

test('within a replay later events see what earlier ones did', () => {
  show(message(1))
  applyEvents(cache, [
    { event: 'message.created', data: message(3) },
    { event: 'message.created', data: message(2) },
    { event: 'message.deleted', data: { id: 3, chat_id: CHAT } },
    { event: 'chat.created', data: chat({ id: 11 }) },
    { event: 'chat.removed', data: { id: CHAT } },
  ])
  expect(cache.getQueryData(keys.history(CHAT))).toBeUndefined()
  expect(cache.getQueryData<Chat[]>(keys.chats)!.map(({ id }) => id)).toEqual([11])
})

test('a message that is deleted while a page with it is fetched comes as deleted', async () => {
  show(message(9))
  let arrive!: (page: Message[]) => void
  const fetching = inFlightOf(cache).messages.during(CHAT, () => new Promise<Message[]>((resolve) => { arrive = resolve }))
  hear('message.deleted', { id: 5, chat_id: CHAT })
  arrive([message(5), message(4)])
  const { answer, notes } = await fetching
  expect(overlay(withOlder({ items: [message(9)], hasOlder: true, hasNewer: false }, answer, 50), notes).items)
    .toMatchObject([{ id: 4, deleted: false }, { id: 5, deleted: true, content: null }, { id: 9 }])
})
