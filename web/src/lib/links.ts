/// Addresses within a text.

const START = /\bhttps?:\/\/[^\s<>"«»`]+/gi
const PAIRS: Record<string, string> = { ')': '(', ']': '[', '}': '{' }

export interface Link {
  at: number
  url: string
}

export function linksIn(text: string): Link[] {
  return [...text.matchAll(START)].map((match) => ({ at: match.index, url: trimmed(match[0]) }))
    .filter(({ url }) => /^https?:\/\/[^/?#]/i.test(url))
}

/// Without what ends the sentence: punctuation, and a bracket that is not opened within the address.
function trimmed(url: string): string {
  for (let end = url.length; ; end--) {
    const last = url[end - 1]!
    const opening = PAIRS[last]
    const open = opening && count(url.slice(0, end), opening) >= count(url.slice(0, end), last)
    if (open || !/[.,;:!?'*_~)\]}]/.test(last)) return url.slice(0, end)
  }
}

const count = (text: string, letter: string) => text.split(letter).length - 1
