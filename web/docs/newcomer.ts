/// Makes the examples work for somebody who has just come: signing up authorizes the page, and the ids of the
/// examples, which nobody has, stand for what the reader made last.

/// The ids in the examples of every document.
const EXAMPLES = { me: 253402300799, person: 253402300863, chat: 253402300927, message: 253402300991 } as const
const EMAIL = 'user@example.com'

export type Known = Partial<Record<keyof typeof EXAMPLES, number>> & { email?: string }

export interface Call {
  url: string
  method?: string
  body?: unknown
}

/// The call with the reader's own ids instead of those of the examples.
export function withKnown<C extends Call>(call: C, known: Known, unique: () => string): C {
  let { url, body } = call
  for (const [name, example] of Object.entries(EXAMPLES)) {
    const id = known[name as keyof typeof EXAMPLES]
    if (id === undefined) continue
    url = url.replaceAll(String(example), String(id))
    if (typeof body === 'string') body = body.replaceAll(String(example), String(id))
  }
  if (typeof body === 'string' && /\/auth\/(register|login)$/.test(url)) {
    if (url.endsWith('/register') && body.includes(EMAIL)) known.email = `user-${unique()}@example.com`
    if (known.email) body = body.replaceAll(EMAIL, known.email)
  }
  return { ...call, url, body }
}

/// Remembers what an answer gave to the reader; answers a token, if there is one in it.
export function learn(url: string, answer: unknown, known: Known): string | null {
  if (typeof answer !== 'object' || answer === null) return null
  const { id, user, tokens, access_token: token } = answer as { id?: number; user?: { id?: number }; tokens?: { access_token?: string }; access_token?: string }
  const path = new URL(url, 'http://x').pathname
  if (user?.id !== undefined && /\/auth\//.test(path)) known.me = user.id
  // Nobody else is known to a newcomer: a private chat with oneself is refused, so it stays the example's.
  if (typeof id === 'number' && /\/chats(\/direct)?$/.test(path)) known.chat = id
  if (typeof id === 'number' && /\/messages$/.test(path)) known.message = id
  return tokens?.access_token ?? token ?? null
}

/// The part of Swagger UI's immutable collections that the search uses.
interface Tag {
  get(key: 'operations'): List
  set(key: 'operations', value: List): Tag
}
interface List {
  size: number
  filter(keep: (one: Operation) => boolean): List
}
interface Operation {
  get(key: 'path' | 'method'): string
  getIn(keys: string[]): unknown
}
interface Tags {
  map(change: (tag: Tag, name: string) => Tag): Tags
  filter(keep: (tag: Tag) => boolean): Tags
}

/// Finds operations by words in their path, summary, description, name or tag.
export function searchOperations(tags: Tags, phrase: string): Tags {
  const words = phrase.toLowerCase().split(/\s+/).filter(Boolean)
  return tags.map((tag, name) => tag.set('operations', tag.get('operations').filter((one) => {
    const text = [name, one.get('path'), one.get('method'), ...['summary', 'description', 'operationId'].map((key) => one.getIn(['operation', key]))]
      .join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  }))).filter((tag) => tag.get('operations').size > 0)
}
