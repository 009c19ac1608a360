/// What each event of the socket does to the query cache. Every one may come twice.

import type { QueryClient } from '@tanstack/react-query'
import { inBatch, type Cache } from './batch'
import { draftRemoved, draftSaved } from './drafts'
import { append, change, drop, edited, tombstone, type History } from './history'
import { Inflight } from './inflight'
import { keys } from './keys'
import { isUnread, mentionsMe, unreadAfter } from './unread'
import { perKey } from '@/lib/perKey'
import type { Bookmark, Chat, ChatSettings, Frame, Member, Message, PersonPresence, ServerFrame, User, Vote } from './types'

/// What is being fetched into a query cache.
const inFlight = perKey((_: object) => ({ messages: new Inflight<Message | 'erased'>(), chats: new Inflight<Chat>() }))
export const inFlightOf = (cache: Cache) => inFlight(cache.owner ?? cache)

/// Applies what happened, in order, with one write for each part of the cache.
export function applyEvents(cache: QueryClient, frames: Frame[]): void {
  inBatch(cache, (batch) => {
    for (const frame of frames) applyEvent(batch, frame)
  })
}

function applyEvent(cache: Cache, frame: Frame): void {
  const { event, data } = frame as ServerFrame
  switch (event) {
    case 'message.created': return messageCreated(cache, data)
    case 'message.updated': return messageUpdated(cache, data)
    case 'message.deleted': return messageDeleted(cache, data)
    case 'messages.deleted': return messagesDeleted(cache, data)
    case 'message.hidden': return messageHidden(cache, data)
    case 'chat.created': return chatCreated(cache, data)
    case 'chat.updated': return chatUpdated(cache, data)
    case 'chat.removed': return chatRemoved(cache, data)
    case 'member.added': return memberAdded(cache, data)
    case 'member.updated': return memberUpdated(cache, data)
    case 'member.removed': return memberRemoved(cache, data)
    case 'chat.read': return chatRead(cache, data)
    case 'user.updated': return userUpdated(cache, data)
    case 'poll.voted': return pollVoted(cache, data)
    case 'presence': return presenceChanged(cache, data)
    case 'user.blocked': case 'user.unblocked': return void cache.invalidateQueries({ queryKey: keys.blocked })
    case 'session.created': case 'session.revoked': return void cache.invalidateQueries({ queryKey: keys.sessions })
    case 'token.created': case 'token.revoked': return void cache.invalidateQueries({ queryKey: keys.tokens })
    case 'chat.settings': return chatSettings(cache, data)
    case 'bookmark.saved':
    case 'bookmark.removed': return void cache.invalidateQueries({ queryKey: keys.bookmarks })
    case 'scheduled.saved':
    case 'scheduled.removed': return void cache.invalidateQueries({ queryKey: keys.scheduled((data as { chat_id: number }).chat_id) })
    case 'draft.saved': return draftSaved(cache, data)
    case 'draft.removed': return draftRemoved(cache, data)
    case 'announcement.updated': return void cache.setQueryData(keys.announcement, data.announcement ?? null)
    case 'reports.updated': return reportsUpdated(cache, data)
    case 'gap': return gap(cache, data)
  }
}

function reportsUpdated(cache: Cache, { open }: { open: number }): void {
  cache.setQueryData(keys.openReports, open)
  for (const queryKey of [['reports'], keys.status]) void cache.invalidateQueries({ queryKey })
}

export const meOf = (cache: Cache) => cache.getQueryData<User>(keys.me)?.id

/// Changes one chat of the list, wherever the list is (cached, being fetched).
export function changeChat(cache: Cache, id: number, edit: (chat: Chat) => Chat): void {
  const chats = cache.getQueryData<Chat[]>(keys.chats)
  const chat = chats?.find((one) => one.id === id)
  if (!chats || !chat) return
  const edited = edit(chat)
  if (edited === chat) return
  inFlightOf(cache).chats.note('all', id, edited)
  cache.setQueryData(keys.chats, chats.map((one) => (one.id === id ? edited : one)))
}

export function putChat(cache: Cache, chat: Chat): void {
  inFlightOf(cache).chats.note('all', chat.id, chat)
  cache.setQueryData<Chat[]>(keys.chats, (chats) =>
    chats && (chats.some((one) => one.id === chat.id)
      ? chats.map((one) => (one.id === chat.id ? chat : one))
      : [chat, ...chats]))
}

/// What this device kept stays as it is until the server's replaces it: between the two are events that nobody knows.
function editHistory(cache: Cache, chat: number, edit: (history: History) => History): void {
  cache.setQueryData<History>(keys.history(chat), (history) => (history && history.copiedAt === undefined ? edited(history, edit) : history))
}

export function messageCreated(cache: Cache, message: Message): void {
  inFlightOf(cache).messages.note(message.chat_id, message.id, message)
  if (cache.getQueryData<History>(keys.history(message.chat_id))?.copiedAt !== undefined) void cache.invalidateQueries({ queryKey: keys.history(message.chat_id) })
  editHistory(cache, message.chat_id, (history) => append(history, message))
  noteInThread(cache, message)
  const known = cache.getQueryData<Chat[]>(keys.chats)?.some((chat) => chat.id === message.chat_id)
  if (!known) void cache.invalidateQueries({ queryKey: keys.chats })
  changeChat(cache, message.chat_id, (chat) => {
    if (chat.last_message && chat.last_message.id >= message.id) return chat
    const unread = isUnread(message, chat.last_read_message_id ?? 0, meOf(cache))
    const meant = unread && mentionsMe(message, meOf(cache))
    return {
      ...chat,
      last_message: message,
      unread_count: chat.unread_count + (unread ? 1 : 0),
      mention_count: (chat.mention_count ?? 0) + (meant ? 1 : 0),
    }
  })
}

/// A reply counts in the thread that it belongs to, and is shown where that thread is open.
function noteInThread(cache: Cache, message: Message): void {
  const { thread_id: thread } = message
  if (!thread) return
  cache.setQueryData<Message[]>(keys.thread(thread), (replies) =>
    replies && (replies.some(({ id }) => id === message.id) ? replies : [...replies, message]))
}

function editThread(cache: Cache, thread: number | null | undefined, id: number, edit: (message: Message) => Message | null): void {
  cache.setQueryData<Message>(keys.threadRoot(id), (root) => root && (edit(root) ?? root))
  if (!thread) return
  cache.setQueryData<Message[]>(keys.thread(thread), (replies) => replies?.flatMap((one) => (one.id === id ? (edit(one) ?? []) : one)))
}

/// The opened thread that a reply is in, where its chat does not have it loaded.
function threadOf(cache: Cache, id: number): number | undefined {
  const threads = (cache.owner ?? cache as QueryClient).getQueriesData<Message[]>({ queryKey: ['thread'] })
  return threads.find(([, replies]) => replies?.some((one) => one.id === id))?.[0][1] as number | undefined
}

function lastMessage(cache: Cache, chat: number, id: number, edit: (message: Message) => Message): void {
  changeChat(cache, chat, (one) =>
    one.last_message?.id === id ? { ...one, last_message: edit(one.last_message) } : one)
}

export function messageUpdated(cache: Cache, message: Message): void {
  recountMention(cache, knownMessage(cache, message.chat_id, message.id), message)
  inFlightOf(cache).messages.note(message.chat_id, message.id, message)
  if (pinned(cache, message) !== Boolean(message.pinned_at)) void cache.invalidateQueries({ queryKey: keys.pins(message.chat_id) })
  editThread(cache, message.thread_id, message.id, () => message)
  editHistory(cache, message.chat_id, (history) => updateQuotes(change(history, message.id, () => message), message.id, message.plain ?? message.content))
  lastMessage(cache, message.chat_id, message.id, () => message)
}

export function messageDeleted(cache: Cache, { id, chat_id }: { id: number; chat_id: number }): void {
  const known = knownMessage(cache, chat_id, id)
  inFlightOf(cache).messages.note(chat_id, id, known ? tombstone(known) : 'erased')
  editThread(cache, known?.thread_id ?? threadOf(cache, id), id, tombstone)
  if (known?.pinned_at) void cache.invalidateQueries({ queryKey: keys.pins(chat_id) })
  cache.setQueryData<Bookmark[]>(keys.bookmarks, (all) => all?.filter(({ message }) => message.id !== id))
  decrementUnread(cache, chat_id, id, known)
  editHistory(cache, chat_id, (history) => updateQuotes(change(history, id, tombstone), id, null))
  lastMessage(cache, chat_id, id, tombstone)
}

const pinned = (cache: Cache, { id, chat_id }: Message) =>
  cache.getQueryData<Message[]>(keys.pins(chat_id))?.some((one) => one.id === id) ?? false

/// A reply quotes the beginning of a message as it is now.
function updateQuotes(history: History, id: number, text: string | null | undefined): History {
  const quotes = ({ reply_to }: Message) => reply_to?.id === id
  if (text === undefined || !history.items.some(quotes)) return history
  const items = history.items.map((one) =>
    (quotes(one) ? { ...one, reply_to: { ...one.reply_to!, text: text && text.slice(0, 200) } } : one))
  return { ...history, items }
}

/// The user voted on another of their devices.
function pollVoted(cache: Cache, vote: Vote): void {
  cache.setQueryData<Vote>(keys.vote(vote.message_id), vote)
}

function messagesDeleted(cache: Cache, { ids, chat_id }: { ids: number[]; chat_id: number }): void {
  for (const id of ids) messageDeleted(cache, { id, chat_id })
}

/// A message as it is known to be now, if it is loaded.
export function knownMessage(cache: Cache, chat: number, id: number): Message | undefined {
  const last = cache.getQueryData<Chat[]>(keys.chats)?.find((one) => one.id === chat)?.last_message
  const { items = [], newest = [] } = cache.getQueryData<History>(keys.history(chat)) ?? {}
  const isIt = (message: Message) => message.id === id
  return items.find(isIt) ?? newest.find(isIt)
    ?? (last?.id === id ? last : undefined)
}

/// A deleted message no longer counts as unread. Whether one that is not loaded did, only the server knows.
function decrementUnread(cache: Cache, chat: number, id: number, known: Message | undefined): void {
  changeChat(cache, chat, (one) => {
    const mark = one.last_read_message_id ?? 0
    if (one.unread_count === 0 || id <= mark) return one
    if (!known) void cache.invalidateQueries({ queryKey: keys.chats })
    if (!known || !isUnread(known, mark, meOf(cache))) return one
    const mentions = one.mention_count ?? 0
    return {
      ...one,
      unread_count: one.unread_count - 1,
      mention_count: mentionsMe(known, meOf(cache)) ? Math.max(0, mentions - 1) : mentions,
    }
  })
}

/// An edit may add a mention of the user to an unread message, or take it away.
function recountMention(cache: Cache, before: Message | undefined, after: Message): void {
  const me = meOf(cache)
  if (!before || mentionsMe(before, me) === mentionsMe(after, me)) return
  changeChat(cache, after.chat_id, (chat) => {
    if (!isUnread(before, chat.last_read_message_id ?? 0, me)) return chat
    return { ...chat, mention_count: Math.max(0, (chat.mention_count ?? 0) + (mentionsMe(after, me) ? 1 : -1)) }
  })
}

export function messageHidden(cache: Cache, { id, chat_id }: { id: number; chat_id: number }): void {
  const known = knownMessage(cache, chat_id, id)
  inFlightOf(cache).messages.note(chat_id, id, null)
  editThread(cache, known?.thread_id ?? threadOf(cache, id), id, () => null)
  decrementUnread(cache, chat_id, id, known)
  editHistory(cache, chat_id, (history) => drop(history, id))
  const last = cache.getQueryData<Chat[]>(keys.chats)?.find((chat) => chat.id === chat_id)?.last_message
  if (last?.id === id) void cache.invalidateQueries({ queryKey: keys.chats })
}

function chatCreated(cache: Cache, chat: Chat): void {
  const known = cache.getQueryData<Chat[]>(keys.chats)?.find((one) => one.id === chat.id)
  // A replayed creation must not undo later events.
  if (known && (known.last_message?.id ?? 0) > (chat.last_message?.id ?? 0)) return
  putChat(cache, chat)
}

/// A private chat's title differs for its two members, so the event leaves it null.
function chatUpdated(cache: Cache, about: Omit<Partial<Chat>, 'id' | 'title'> & { id: number; title?: string | null }): void {
  changeChat(cache, about.id, (chat) => ({ ...chat, ...about, title: about.title ?? chat.title }))
}

function chatRemoved(cache: Cache, { id }: { id: number }): void {
  inFlightOf(cache).chats.note('all', id, null)
  cache.setQueryData<Chat[]>(keys.chats, (chats) => chats?.filter((chat) => chat.id !== id))
  cache.removeQueries({ queryKey: keys.history(id) })
  cache.removeQueries({ queryKey: keys.members(id) })
}

function editMembers(cache: Cache, chat: number, edit: (members: Member[]) => Member[]): void {
  const members = cache.getQueryData<Member[]>(keys.members(chat))
  if (!members) {
    void cache.invalidateQueries({ queryKey: keys.chats })
    return
  }
  const edited = edit(members)
  cache.setQueryData(keys.members(chat), edited)
  changeChat(cache, chat, (one) => ({ ...one, member_count: edited.length }))
}

function memberAdded(cache: Cache, { chat_id, member }: { chat_id: number; member: Member }): void {
  editMembers(cache, chat_id, (members) => [...members.filter((one) => one.user.id !== member.user.id), member])
}

function memberUpdated(cache: Cache, { chat_id, member }: { chat_id: number; member: Member }): void {
  const { user, role } = member
  cache.setQueryData<Member[]>(keys.members(chat_id), (members) =>
    members?.map((one) => (one.user.id === user.id ? member : one)))
  changeChat(cache, chat_id, (chat) => {
    if (user.id === meOf(cache)) return { ...chat, role }
    return chat.peer?.id === user.id ? { ...chat, title: user.display_name, peer: user } : chat
  })
}

function memberRemoved(cache: Cache, { chat_id, user_id }: { chat_id: number; user_id: number }): void {
  editMembers(cache, chat_id, (members) => members.filter((one) => one.user.id !== user_id))
}

/// Muted, pinned, archived or notified differently, on another device.
function chatSettings(cache: Cache, { chat_id, ...settings }: ChatSettings): void {
  changeChat(cache, chat_id, (chat) => ({ ...chat, ...settings }))
}

type Read = { chat_id: number; user_id: number; message_id: number }

function chatRead(cache: Cache, { chat_id, user_id, message_id }: Read): void {
  const further = (mark: number | null | undefined) => Math.max(mark ?? 0, message_id)
  cache.setQueryData<Member[]>(keys.members(chat_id), (members) => members?.map((member) =>
    member.user.id === user_id ? { ...member, last_read_message_id: further(member.last_read_message_id) } : member))
  if (user_id !== meOf(cache)) return
  const history = cache.getQueryData<History>(keys.history(chat_id))
  changeChat(cache, chat_id, (chat) => {
    if ((chat.last_read_message_id ?? 0) >= message_id) return chat
    return { ...chat, last_read_message_id: message_id, ...unreadAfter(chat, message_id, user_id, history) }
  })
}

function userUpdated(cache: Cache, user: User): void {
  if (user.id === meOf(cache)) cache.setQueryData<User>(keys.me, user)
  cache.setQueryData(keys.person(user.id), user)
}

function presenceChanged(cache: Cache, presence: PersonPresence): void {
  cache.setQueryData<PersonPresence>(keys.presence(presence.user_id), presence)
}

/// Everything is asked anew that the missing events may have changed: those of a chat, or those of the user alone.
function gap(cache: Cache, { chat_id }: { chat_id?: number | null }): void {
  const changed = chat_id == null
    ? [keys.me, keys.drafts, keys.blocked, keys.sessions, keys.tokens, ['scheduled'], ['vote']]
    : [keys.history(chat_id), keys.members(chat_id), keys.pins(chat_id), ['thread'], ['thread-root']]
  for (const queryKey of [keys.chats, keys.bookmarks, ...changed]) void cache.invalidateQueries({ queryKey })
}
