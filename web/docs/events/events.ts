/// The page of the WebSocket's events, rendered from the server's AsyncAPI document.
import '../page.css'
import './events.css'
import { type Channel, type Document, type Event, byDirection, type Schema } from './document'
import { type Child, el, prose, table } from './dom'
import { anchor, fields, typeOf } from './schema'

interface Part {
  id: string
  name: string
  body: HTMLElement
}

interface Chapter {
  title: string
  parts: Part[]
}

function event({ name, message }: Event, direction: 'sent' | 'received', api: Document): Part {
  const id = `${direction}-${name}`
  const way = direction === 'sent' ? 'server → client' : 'client → server'
  const body = el(
    'article',
    { id },
    el('h3', {}, el('code', {}, name), el('span', { class: direction }, way)),
    ...prose(message.summary),
    ...prose(message.description),
    message.payload && (message.payload.$ref ? el('p', {}, ...typeOf(message.payload)) : fields(`Fields of ${name}, ${way}`, api, message.payload)),
    ...(message.examples ?? message.payload?.examples?.map((payload) => ({ payload })) ?? []).map((example) => json(example.payload)),
  )
  return { id, name, body }
}

function schema([name, one]: [string, Schema], api: Document): Part {
  const example = one.example ?? one.examples?.[0]
  const body = el(
    'article',
    { id: anchor(name) },
    el('h3', {}, el('code', {}, name)),
    ...prose(one.description),
    fields(`Fields of the schema ${name}`, api, one),
    example !== undefined && json(example),
  )
  return { id: anchor(name), name, body }
}

const json = (value: unknown) => el('pre', { tabindex: '0' }, JSON.stringify(value, null, 2))

function connection(name: string, channel: Channel, api: Document): Part {
  const binding = channel.bindings?.ws
  const body = el(
    'article',
    { id: `channel-${name}` },
    el('h3', {}, el('code', {}, channel.address ?? name)),
    ...prose(channel.summary),
    ...prose(channel.description),
    binding?.query && fields('Query', api, binding.query),
    binding?.headers && fields('Headers', api, binding.headers),
  )
  return { id: `channel-${name}`, name: channel.address ?? name, body }
}

/// A channel with only an address gets no chapter: the document's description explains how to connect.
const isDescribed = ([, { summary, description, bindings }]: [string, Channel]) => Boolean(summary ?? description ?? bindings?.ws)

function closing(api: Document): Part[] {
  const codes = api.info['x-close-codes'] ?? api['x-close-codes'] ?? []
  if (codes.length === 0) return []
  const rows = codes.map(({ code, name, meaning }): Child[][] => [[el('code', {}, String(code))], [name ?? ''], prose(meaning)])
  return [{ id: 'close-codes', name: 'Close codes', body: el('article', { id: 'close-codes' }, table('Close codes', ['Code', 'Name', 'Meaning'], rows)) }]
}

function chapters(api: Document): Chapter[] {
  const channels = Object.entries(api.channels ?? {})
  const messages = channels.map(([, channel]) => byDirection(api, channel))
  return [
    { title: 'Connecting', parts: channels.filter(isDescribed).map(([name, channel]) => connection(name, channel, api)) },
    { title: 'Events sent by the server', parts: messages.flatMap(({ sent }) => sent.map((one) => event(one, 'sent', api))) },
    { title: 'Frames sent by the client', parts: messages.flatMap(({ received }) => received.map((one) => event(one, 'received', api))) },
    { title: 'Closing the connection', parts: closing(api) },
    { title: 'Schemas', parts: Object.entries(api.components?.schemas ?? {}).map((one) => schema(one, api)) },
  ].filter(({ parts }) => parts.length > 0)
}

function draw(api: Document, main: HTMLElement, contents: HTMLElement) {
  const all = chapters(api)
  main.replaceChildren(
    el('section', { class: 'opening' }, el('h2', {}, `${api.info.title} ${api.info.version}`), ...prose(api.info.description)),
    ...all.map(({ title, parts }) => el('section', {}, el('h2', {}, title), ...parts.map(({ body }) => body))),
  )
  contents.replaceChildren(
    ...all.map(({ title, parts }) =>
      el('div', {}, el('h2', {}, title), el('ul', {}, ...parts.map(({ id, name }) => el('li', {}, el('a', { href: `#${id}` }, name))))),
    ),
  )
  // The element that the URL's fragment names did not exist when the page was loaded.
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView()
}

async function show(main: HTMLElement, contents: HTMLElement) {
  try {
    const answer = await fetch('/openapi/events.json')
    if (!answer.ok) throw new Error(`/openapi/events.json: ${answer.status}`)
    draw((await answer.json()) as Document, main, contents)
  } catch (error) {
    main.replaceChildren(el('p', { role: 'alert' }, `The events could not be loaded. ${String(error)}`))
  }
}

const main = document.getElementById('events')
const contents = document.getElementById('contents')
if (main && contents) void show(main, contents)
