/// Addresses within a text, found as the server finds them (`model/link.rs`), so that each link has its preview.

const START = /(?<![a-z\d])https?:\/\//gi
const OPENING = '([{（「『【《〈'
const CLOSING = ')]}）」』】》〉'
/// What no address contains: space, control characters, quotes, direction marks, punctuation of Chinese and Japanese.
const OUTSIDE = /[\s\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff<>"`«»“”„。，、！？；：…]/u
/// What ends a sentence or a formatting rather than the address before it.
const TRAILING = /[.,:;!?'*_~|’‘([{（「『【《〈]/

export interface Link {
  at: number
  url: string
}

export function linksIn(text: string): Link[] {
  const links: Link[] = []
  let end = 0
  for (const { index: at } of text.matchAll(START)) {
    // An address may contain another one.
    if (at < end) continue
    const url = addressAt(text, at)
    if (!/^https?:\/\/[^/?#]/i.test(url)) continue
    links.push({ at, url })
    end = at + url.length
  }
  return links
}

/// Up to what addresses don't contain, or a closing bracket that is not opened within the address.
function addressAt(text: string, start: number): string {
  const open = new Array<number>(OPENING.length).fill(0)
  let end = start
  for (; end < text.length; end++) {
    const letter = text[end]!
    if (OUTSIDE.test(letter)) break
    const opening = OPENING.indexOf(letter)
    if (opening >= 0) open[opening]! += 1
    const closing = CLOSING.indexOf(letter)
    if (closing >= 0 && open[closing]!-- === 0) break
  }
  while (end > start && TRAILING.test(text[end - 1]!)) end--
  return text.slice(start, end)
}
