/// The formatting of messages: a small part of Markdown, as a tree. Nothing of it is HTML.

import { linksIn } from './links'
import { mentionAt } from './mentions'

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'link'; url: string; children: Inline[] }
  | { kind: 'mention'; name: string }
  | { kind: 'bold' | 'italic' | 'strike' | 'spoiler'; children: Inline[] }

export type Block =
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'heading'; children: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; children: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Inline[][] }

const FENCE = /^ {0,3}(`{3,})\s*([\w+#.-]*)\s*$/
const BULLET = /^ {0,3}[-*•] +(.*)$/
const NUMBER = /^ {0,3}(\d{1,9})[.)] +(.*)$/
const DEEPEST = 6

export function parse(text: string, depth = 0): Block[] {
  const blocks: Block[] = []
  const lines = text.split('\n')
  let plain: string[] = []
  const flush = () => {
    // Empty lines around a block are its margin.
    const said = plain.join('\n').replace(/^\n+|\n+$/g, '')
    if (said.trim()) blocks.push({ kind: 'paragraph', children: inline(said) })
    plain = []
  }
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!
    const fence = FENCE.exec(line)
    const end = fence ? lines.findIndex((one, at) => at > index && one.trim() === fence[1]) : -1
    if (fence && end > 0) {
      flush()
      blocks.push({ kind: 'code', language: fence[2]!.toLowerCase(), text: lines.slice(index + 1, end).join('\n') })
      index = end
      continue
    }
    const heading = /^#{1,6} +(\S.*)$/.exec(line)
    if (heading) {
      flush()
      blocks.push({ kind: 'heading', children: inline(heading[1]!) })
      continue
    }
    const run = (pattern: RegExp) => {
      const from = lines.slice(index)
      const length = from.findIndex((one) => !pattern.test(one))
      return length < 0 ? from : from.slice(0, length)
    }
    if (/^>/.test(line) && depth < DEEPEST) {
      flush()
      const quoted = run(/^>/)
      blocks.push({ kind: 'quote', children: parse(quoted.map((one) => one.replace(/^> ?/, '')).join('\n'), depth + 1) })
      index += quoted.length - 1
      continue
    }
    const [pattern, ordered] = BULLET.test(line) ? [BULLET, false] : NUMBER.test(line) ? [NUMBER, true] : [null, false]
    if (pattern) {
      flush()
      const items = run(pattern)
      const start = ordered ? Number(NUMBER.exec(line)![1]) : 1
      blocks.push({ kind: 'list', ordered, start, items: items.map((one) => inline(pattern.exec(one)!.at(-1)!)) })
      index += items.length - 1
      continue
    }
    plain.push(line)
  }
  flush()
  return blocks
}

interface Mark {
  pattern: RegExp
  make: (match: RegExpExecArray, depth: number) => Inline
}

const nested = (kind: 'bold' | 'italic' | 'strike' | 'spoiler') => (match: RegExpExecArray, depth: number): Inline =>
  ({ kind, children: inline(match[1]!, depth + 1) })

/// Marks stand at the edge of words, so that 2*3*4 and snake_case_name stay as they are.
const MARKS: Mark[] = [
  { pattern: /\*\*(?=\S)([^]*?\S)\*\*(?!\*)/y, make: nested('bold') },
  { pattern: /__(?=\S)([^]*?\S)__(?![\p{L}\p{N}_])/uy, make: nested('bold') },
  { pattern: /~~(?=\S)([^]*?\S)~~/y, make: nested('strike') },
  { pattern: /\|\|(?=\S)([^]*?\S)\|\|/y, make: nested('spoiler') },
  { pattern: /\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\p{L}\p{N}*])/uy, make: nested('italic') },
  { pattern: /_(?=[^\s_])([^\n]*?[^\s_])_(?![\p{L}\p{N}_])/uy, make: nested('italic') },
]
const CODE = /(`+)([^`\n]|[^`\n][^\n]*?[^`\n])\1(?!`)/y
const NAMED = /\[([^[\]\n]+)\]\((https?:\/\/(?:[^\s()]|\([^\s()]*\))+)\)/iy
const WORD = /[\p{L}\p{N}_]$/u

export function inline(text: string, depth = 0): Inline[] {
  const parts: Inline[] = []
  const links = new Map(linksIn(text).map(({ at, url }) => [at, url]))
  let plain = ''
  const push = (part: Inline) => {
    if (plain) parts.push({ kind: 'text', text: plain })
    plain = ''
    parts.push(part)
  }
  const match = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  for (let at = 0; at < text.length;) {
    const letter = text[at]!
    const afterWord = at > 0 && WORD.test(text.slice(Math.max(0, at - 2), at))
    const url = links.get(at)
    const code = letter === '`' ? match(CODE, at) : null
    const named = letter === '[' && depth < DEEPEST ? match(NAMED, at) : null
    const mention = letter === '@' ? mentionAt(text, at) : null
    if (url) {
      push({ kind: 'link', url, children: [{ kind: 'text', text: url }] })
      at += url.length
    } else if (code) {
      push({ kind: 'code', text: code[2]! })
      at += code[0].length
    } else if (named) {
      push({ kind: 'link', url: named[2]!, children: [{ kind: 'text', text: named[1]! }] })
      at += named[0].length
    } else if (mention) {
      push({ kind: 'mention', name: mention })
      at += 1 + mention.length
    } else {
      const found = '*_~|'.includes(letter) && !afterWord && depth < DEEPEST
        ? MARKS.map((mark) => ({ mark, hit: match(mark.pattern, at) })).find(({ hit }) => hit)
        : undefined
      if (found?.hit) {
        push(found.mark.make(found.hit, depth))
        at += found.hit[0].length
      } else {
        plain += letter
        at += 1
      }
    }
  }
  if (plain) parts.push({ kind: 'text', text: plain })
  return parts
}

const EMOJI = /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic})*|\p{Regional_Indicator}{2}|\s){1,12}$/u

/// Up to three emoji and nothing else, which are shown large.
export function isOnlyEmoji(text: string): boolean {
  if (text.length > 40 || !EMOJI.test(text)) return false
  const letters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text.replace(/\s/g, ''))]
  return letters.length > 0 && letters.length <= 3
}

/// The same text without marks, in one line: for lists and quotes.
export function withoutMarks(text: string): string {
  const said = (parts: Inline[]): string => parts.map((part) =>
    part.kind === 'text' || part.kind === 'code' ? part.text : part.kind === 'mention' ? `@${part.name}`
      : part.kind === 'spoiler' ? '▒▒▒' : said(part.children)).join('')
  const block = (one: Block): string => one.kind === 'code' ? one.text
    : one.kind === 'quote' ? one.children.map(block).join(' ')
      : one.kind === 'list' ? one.items.map(said).join(', ') : said(one.children)
  return parse(text.slice(0, 500)).map(block).join(' ').replace(/\s+/g, ' ')
}
