/// An unsent message: stored before it is sent, removed once the server has it.

import type { Message, NewMessage, Payload, Quote } from '../types'

export interface LocalFile {
  blob: Blob
  name: string
  type: string
  /// Set once it is uploaded.
  attachment_id?: string
}

export interface Entry {
  /// Also the Idempotency-Key: however often it is sent, it is one message.
  client_id: string
  user_id: number
  chat_id: number
  created_at: number
  type: NewMessage['type']
  content: string | null
  payload: Payload | null
  /// In the order in which they are shown.
  files: LocalFile[]
  /// The message it replies to. Missing in entries of older clients.
  reply_to?: Quote | null
  /// The message whose thread it is posted in.
  thread_id?: number
  /// Whether it is delivered without a notification.
  silent?: boolean
  /// People that the text mentions without their user name.
  mentions?: number[]
  /// Whether its text was the draft of its chat or thread, which the server removes together with posting it.
  clear_draft?: boolean
  state: 'waiting' | 'failed'
  error: string | null
  /// Which of the files the server refused, by its position.
  refused_file?: number | null
}

export interface Draft {
  chat_id: number
  type: NewMessage['type']
  content?: string | null
  payload?: Payload | null
  files?: LocalFile[]
  reply_to?: Quote | null
  thread_id?: number | null
  silent?: boolean
  mentions?: number[]
  clear_draft?: boolean
}

export const inOrder = (a: Entry, b: Entry) => a.created_at - b.created_at || a.client_id.localeCompare(b.client_id)

/// Messages of a lane are sent one after another; a slow file does not block texts.
export const lane = (entry: Entry) => `${entry.chat_id}:${entry.files.length > 0 ? 'files' : 'texts'}`

/// An entry as it was stored, perhaps by an older client, which knew one file at most.
export function stored(entry: Entry & { file?: LocalFile | null }): Entry {
  if (Array.isArray(entry.files)) return entry
  const { file, ...rest } = entry
  return { ...rest, files: file ? [{ ...file, attachment_id: rest.payload?.attachment_id }] : [] }
}

function payloadOf({ payload, files }: Entry): Payload | null {
  const [first, ...others] = files
  if (!first) return payload
  return others.length > 0
    ? { ...payload, attachment_ids: files.map((file) => file.attachment_id) }
    : { ...payload, attachment_id: first.attachment_id }
}

export const body = (entry: Entry): NewMessage => ({
  chat_id: entry.chat_id,
  type: entry.type,
  content: entry.content,
  payload: payloadOf(entry),
  client_id: entry.client_id,
  ...(entry.reply_to && { reply_to: entry.reply_to.id }),
  ...(entry.thread_id && { thread_id: entry.thread_id }),
  ...(entry.silent && { silent: true }),
  ...(entry.mentions && { mentions: entry.mentions }),
  ...(entry.clear_draft && { clear_draft: true }),
})

/// An unsent message as a history item. Its id is greater than every real one.
export const asMessage = (entry: Entry): Message => ({
  id: Number.MAX_SAFE_INTEGER,
  chat_id: entry.chat_id,
  type: entry.type,
  author_id: entry.user_id,
  content: entry.content,
  payload: entry.payload,
  client_id: entry.client_id,
  ts: new Date(entry.created_at).toISOString(),
  edited_at: null,
  deleted: false,
  reactions: [],
  previews: [],
  mentions: entry.mentions ?? [],
  mentions_all: false,
  silent: entry.silent ?? false,
  reply_to: entry.reply_to,
  thread_id: entry.thread_id,
  attachments: entry.files.map(({ blob, name, type }) =>
    ({ id: '', filename: name, content_type: type, size: blob.size, created_at: '', has_thumbnail: false })),
})
