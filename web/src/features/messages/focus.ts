/// The messages by keyboard: one stop of the Tab key, arrows between them, and the menu key or Enter for actions.

import type { KeyboardEvent } from 'react'
import type { Message } from '@/api/types'
import type { Point } from '@/components/Menu'
import type { Row } from './rows'

export function moveFocus(event: KeyboardEvent<HTMLElement>, rows: Row[], onMenu: (message: Message, at: Point) => void): void {
  const region = event.currentTarget
  const articles = [...region.querySelectorAll<HTMLElement>('article')]
  const focused = document.activeElement
  const now = articles.findIndex((article) => article === focused)
  if (focused !== region && now < 0) return
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (step) {
    const next = now < 0 ? articles.findLast(inView(region)) : articles[now + step]
    if (!next) return
    event.preventDefault()
    next.focus({ preventScroll: true })
    next.scrollIntoView({ block: 'nearest' })
    return
  }
  const article = articles[now]
  if (!article) return
  if (event.key === 'Enter' || event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
    const row = rows[Number(article.closest('li')?.dataset.index)]
    if (!row || row.entry || row.message.deleted) return
    event.preventDefault()
    const { left, bottom } = (article.querySelector('[data-bubble]') ?? article).getBoundingClientRect()
    onMenu(row.message, { x: left, y: bottom })
  }
}

const inView = (region: HTMLElement) => (article: HTMLElement) => {
  const [frame, { top, bottom }] = [region.getBoundingClientRect(), article.getBoundingClientRect()]
  return top < frame.bottom && bottom > frame.top
}
