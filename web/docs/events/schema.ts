/// A JSON schema as a table of its fields; named schemas are links to their own.
import { type Document, follow, nameOf, type Schema } from './document'
import { type Child, el, inline, table } from './dom'

export const anchor = (schema: string) => `schema-${schema}`

export function fields(label: string, document: Document, schema: Schema): HTMLElement {
  const rows = rowsOf(document, schema, '')
  if (rows.length === 0) return el('p', {}, ...typeOf(schema))
  return table(label, ['Field', 'Type', 'Required', 'Meaning'], rows)
}

/// Objects without a name of their own are told in place: `data`, `data.chat_id`, `items[].id`.
function rowsOf(document: Document, schema: Schema, path: string): Child[][][] {
  if (schema.allOf) return schema.allOf.flatMap((part) => rowsOf(document, follow(document, part), path))
  if (schema.items && !schema.items.$ref) return rowsOf(document, schema.items, `${path}[]`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path ? `${path}.${name}` : name
    const row: Child[][] = [
      [el('code', {}, here), field.deprecated === true && el('small', {}, ' deprecated')],
      typeOf(field),
      [schema.required?.includes(name) ? 'yes' : ''],
      meaningOf(field),
    ]
    return [row, ...(field.$ref || field.allOf ? [] : rowsOf(document, field, here))]
  })
}

export function typeOf(schema: Schema): Child[] {
  if (schema.$ref) return [el('a', { href: `#${anchor(nameOf(schema.$ref))}` }, nameOf(schema.$ref)), orNull(schema)]
  if (schema.const !== undefined) return [el('code', {}, JSON.stringify(schema.const))]
  if (schema.enum) return [...join(schema.enum.map((one) => [el('code', {}, JSON.stringify(one))])), orNull(schema)]
  const choice = schema.oneOf ?? schema.anyOf
  if (choice) return [...join(choice.map(typeOf)), orNull(schema)]
  if (schema.allOf) return [...join(schema.allOf.map(typeOf), ' and '), orNull(schema)]
  const types = [schema.type ?? (schema.properties ? 'object' : 'any')].flat()
  return [...join(types.map((type) => typed(type, schema))), orNull(schema)]
}

function typed(type: string, schema: Schema): Child[] {
  if (type === 'array') return ['list of ', ...typeOf(schema.items ?? {})]
  if (type === 'object' && typeof schema.additionalProperties === 'object') {
    return ['map of ', ...typeOf(schema.additionalProperties)]
  }
  return [schema.format && type !== 'null' ? `${type} (${schema.format})` : type]
}

const orNull = (schema: Schema) => schema.nullable === true && ' or null'

const join = (parts: Child[][], word = ' or ') => parts.flatMap((part, i) => (i === 0 ? part : [word, ...part]))

function meaningOf(schema: Schema): Child[] {
  const limits = [
    schema.minimum !== undefined && `at least ${schema.minimum}`,
    schema.maximum !== undefined && `at most ${schema.maximum}`,
    schema.minLength !== undefined && `at least ${schema.minLength} characters`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
    schema.default !== undefined && `if absent: ${JSON.stringify(schema.default)}`,
  ].filter((limit) => limit !== false)
  const example = schema.example ?? schema.examples?.[0]
  return [
    ...inline(schema.description ?? ''),
    limits.length > 0 && el('small', { class: 'note' }, limits.join(', ')),
    example !== undefined && el('small', { class: 'note' }, 'for example ', el('code', {}, JSON.stringify(example))),
  ]
}
