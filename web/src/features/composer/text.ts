/// Changes of the text being written.

import type { ClipboardEvent, KeyboardEvent } from 'react'
import type { Offer, useCompletion } from './useCompletion'

export const isTouch = () => matchMedia('(hover: none) and (pointer: coarse)').matches

/// The most characters of a message, which the server counts without the blanks around it.
const MOST = 16_000

/// By how many characters a text is too long for a message.
export function excess(text: string): number {
  if (text.length <= MOST) return 0
  return Math.max(0, [...text.trim()].length - MOST)
}

/// Puts marks around a selection, or takes them away.
export function wrap(text: string, from: number, to: number, mark: string): { text: string; from: number; to: number } {
  const [before, selected, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
  if (before.endsWith(mark) && after.startsWith(mark)) {
    return { text: before.slice(0, -mark.length) + selected + after.slice(mark.length), from: from - mark.length, to: to - mark.length }
  }
  return { text: before + mark + selected + mark + after, from: from + mark.length, to: to + mark.length }
}

/// Ctrl+B, I and E put marks around the selection.
export function markedBy(event: KeyboardEvent<HTMLTextAreaElement>, text: string) {
  const mark = (event.ctrlKey || event.metaKey) && !event.altKey ? { KeyB: '**', KeyI: '_', KeyE: '`' }[event.code] : undefined
  if (!mark) return null
  event.preventDefault()
  return wrap(text, event.currentTarget.selectionStart, event.currentTarget.selectionEnd, mark)
}

/// An address pasted over a selection becomes a named link.
export function linkedBy(event: ClipboardEvent<HTMLTextAreaElement>, text: string, insert: (what: string, from: number, to: number) => void): void {
  const url = event.clipboardData.getData('text/plain').trim()
  const { selectionStart: from, selectionEnd: to } = event.currentTarget
  if (from === to || !/^https?:\/\/\S+$/i.test(url)) return
  event.preventDefault()
  insert(`[${text.slice(from, to)}](${url})`, from, to)
}

/// Keys that belong to the open list of suggestions.
export function completes(event: KeyboardEvent, completion: ReturnType<typeof useCompletion>, choose: (offer: Offer) => void): boolean {
  if (completion.offers.length === 0) return false
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const accept = event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey)
  if (!step && !accept && event.key !== 'Escape') return false
  event.preventDefault()
  event.stopPropagation()
  if (step) completion.move(step)
  else if (accept) choose(completion.offers[completion.index]!)
  else completion.close()
  return true
}
