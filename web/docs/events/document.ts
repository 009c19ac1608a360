/// The part of AsyncAPI 3 that our document uses, and functions for reading it.

export interface Ref {
  $ref: string
}

export interface Schema {
  $ref?: string
  title?: string
  description?: string
  type?: string | string[]
  format?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  example?: unknown
  examples?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
  nullable?: boolean
  deprecated?: boolean
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
}

export interface Message {
  name?: string
  title?: string
  summary?: string
  description?: string
  payload?: Schema
  examples?: { name?: string; summary?: string; payload?: unknown }[]
}

export interface Channel {
  address?: string | null
  title?: string
  summary?: string
  description?: string
  messages?: Record<string, Message | Ref>
  bindings?: { ws?: { query?: Schema; headers?: Schema } }
}

interface Operation {
  action: 'send' | 'receive'
  channel: Ref
  messages?: Ref[]
}

interface CloseCode {
  code: number
  name?: string
  meaning: string
}

export interface Document {
  info: { title: string; version: string; description?: string; 'x-close-codes'?: CloseCode[] }
  'x-close-codes'?: CloseCode[]
  channels?: Record<string, Channel>
  operations?: Record<string, Operation>
  components?: { schemas?: Record<string, Schema>; messages?: Record<string, Message> }
}

/// Resolves a reference: `#/components/schemas/Chat`, also through another reference.
export function follow<T extends object>(document: Document, thing: T | Ref): T {
  let found: unknown = thing
  for (let hops = 0; hops < 8 && typeof (found as Ref).$ref === 'string'; hops++) {
    const path = (found as Ref).$ref.replace(/^#\//, '').split('/')
    found = path.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[unescape(part)], document) ?? {}
  }
  return found as T
}

/// JSON pointers write `/` as `~1` and `~` as `~0`.
const unescape = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~')

/// The last segment of a reference: the name of a schema.
export const nameOf = (ref: string) => unescape(ref.slice(ref.lastIndexOf('/') + 1))

export interface Event {
  name: string
  message: Message
}

/// A channel's messages by direction. The document describes the server: `send` means sent by the server.
export function byDirection(document: Document, channel: Channel): { sent: Event[]; received: Event[] } {
  const all = Object.entries(channel.messages ?? {}).map(([key, message]) => ({ key, message: follow(document, message) }))
  const pick = (action: Operation['action']) => {
    const operations = Object.values(document.operations ?? {}).filter(
      (operation) => operation.action === action && follow(document, operation.channel) === channel,
    )
    return all
      .filter(({ message }) => operations.some(({ messages }) => !messages || messages.some((ref) => follow(document, ref) === message)))
      .map(({ key, message }) => ({ name: eventName(document, message) ?? message.name ?? key, message }))
  }
  return { sent: pick('send'), received: pick('receive') }
}

/// The value of a frame's `event` field.
function eventName(document: Document, message: Message): string | undefined {
  const event = message.payload && follow(document, message.payload).properties?.event
  const name = event?.const ?? event?.enum?.[0]
  return typeof name === 'string' ? name : undefined
}
