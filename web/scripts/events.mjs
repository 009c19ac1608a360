// Writes src/api/eventSchema.ts from ../openapi/events.yaml: what each event of the socket carries.
// `--check` compares instead.
import { readFileSync, writeFileSync } from 'node:fs'
import openapi, { astToString } from 'openapi-typescript'
import { load } from 'js-yaml'

const target = new URL('../src/api/eventSchema.ts', import.meta.url)
const document = load(readFileSync(new URL('../../openapi/events.yaml', import.meta.url), 'utf8'))
const messages = Object.entries(document.channels.socket.messages)
const nameOf = (message) => message.payload.properties.data?.$ref.split('/').at(-1)

// The schemas of AsyncAPI are those of OpenAPI: its generator writes their types.
const schemas = astToString(await openapi({ openapi: '3.0.0', info: document.info, paths: {}, components: document.components }))
const table = (side) => messages.filter(([key]) => key.startsWith(`${side}.`))
  .map(([, message]) => `  /** ${message.summary} */\n  '${message.name}': ${nameOf(message) ? `components['schemas']['${nameOf(message)}']` : 'undefined'}\n`).join('')

const code = `/// Generated from openapi/events.yaml by \`npm run gen\`: do not edit.

${schemas.slice(schemas.indexOf('export interface components')).replace(/export type \$defs[\s\S]*/, '')}
/// What the server sends, by the event's name.
export interface ServerEvents {
${table('server')}}

/// What a client sends.
export interface ClientEvents {
${table('client')}}
`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== code) {
    console.error('src/api/eventSchema.ts is not what openapi/events.yaml says: run `npm run gen`')
    process.exit(1)
  }
} else writeFileSync(target, code)
