/// Mentions within a text, found as the server finds them (`model/mention.rs`), so that what looks like one is one.

import everybodyNames from './everybody.json'

const NAME = /[\p{L}\p{N}_.-]*/uy
const ALPHANUMERIC = /[\p{L}\p{N}]$/u
const LETTER = /^\p{L}$/u
const ASCII = /^[\0-\x7f]$/
/// Letters of scripts that put no spaces between words, or after names.
const WRITTEN_TOGETHER = new RegExp('^[\\u0e00-\\u0eff\\u1000-\\u109f\\u1100-\\u11ff\\u1780-\\u17ff\\u3040-\\u30ff\\u3130-\\u318f'
  + '\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\u{20000}-\\u{3ffff}]$', 'u')
/// How far before a mention an address may begin.
const MAX_ADDRESS = 200

/// The name of the mention that begins with the `@` at this place, or null.
export function mentionAt(text: string, at: number): string | null {
  const before = text.slice(0, at).replace(/_+$/, '')
  const name = nameAt(text, at + 1)
  if (isWithinWord(before, name) || isInAddress(text.slice(Math.max(0, at - MAX_ADDRESS), at), text.slice(at + 1 + name.length))) return null
  // Trailing punctuation is not part of a name, nor are underscores that make the text italic.
  return name.replace(before.length < at ? /[._-]+$/ : /[.-]+$/, '') || null
}

/// The names that a mention can be read as, the longest first: where nothing parts a name from the words after it, the
/// first that is a user's counts.
export function readings(name: string): string[] {
  const letters = [...name]
  const found = [name]
  for (let end = letters.length - 1; end > 0; end--) {
    const [letter, before] = [letters[end]!, letters[end - 1]!]
    const isOtherScript = LETTER.test(letter) && LETTER.test(before) && ASCII.test(letter) !== ASCII.test(before)
    if (!WRITTEN_TOGETHER.test(letter) && !isOtherScript) continue
    found.push(letters.slice(0, end).join('').replace(/[.-]+$/, ''))
  }
  return found.filter(Boolean)
}

/// How much of a mention's name is everybody's: all of it, or what words written together with it leave.
export function everybodyIn(name: string): string | null {
  const found = readings(name).find((reading) => everybodyNames.includes(reading.toLocaleLowerCase()))
  const next = found === undefined ? undefined : [...name.slice(found.length)][0]
  return found !== undefined && (next === undefined || WRITTEN_TOGETHER.test(next)) ? found : null
}

function nameAt(text: string, at: number): string {
  NAME.lastIndex = at
  return NAME.exec(text)?.[0] ?? ''
}

/// Whether an `@` stands within a word, as in an e-mail address: after a Latin letter or a digit, and after a letter of
/// another script where a domain follows.
function isWithinWord(before: string, name: string): boolean {
  const last = ALPHANUMERIC.exec(before.slice(-2))?.[0]
  if (!last) return false
  return ASCII.test(last) || (!WRITTEN_TOGETHER.test(last) && name.replace(/[.-]+$/, '').includes('.'))
}

/// Whether an `@` belongs to an address that is no link: `ftp://example.org/@anna`, `example.org/@anna`,
/// `@anna@example.org`.
function isInAddress(before: string, after: string): boolean {
  const word = /\S*$/.exec(before)![0]
  const slash = word.indexOf('/')
  const isWithDomain = after.startsWith('@') && isHost(nameAt(after, 1).replace(/\.+$/, ''))
  return word.includes('://') || (slash >= 0 && isHost(word.slice(0, slash))) || isWithDomain
}

function isHost(host: string): boolean {
  const bare = host.replace(/^[^\p{L}\p{N}]+/u, '')
  return bare.includes('.') && bare.split('.').every((label) => ALPHANUMERIC.test(label))
}
