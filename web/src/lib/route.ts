/// Routing: the URL alone says which chat is open.

import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
addEventListener('popstate', () => listeners.forEach((listener) => listener()))

export const chatPath = (id: number | null) => (id === null ? '/' : `/chats/${id}`)

export function go(path: string, { replace = false } = {}): void {
  if (path === location.pathname) return
  if (replace) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  listeners.forEach((listener) => listener())
}

const path = () => location.pathname

export function useOpenChat(): number | null {
  const now = useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, path)
  const id = Number(/^\/chats\/(\d+)/.exec(now)?.[1])
  return Number.isSafeInteger(id) && id > 0 ? id : null
}
