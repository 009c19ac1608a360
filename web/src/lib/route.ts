/// Routing: the URL alone says which chat is open.

import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()

export const chatPath = (id: number | null) => (id === null ? '/' : `/chats/${id}`)

export function go(path: string, { replace = false } = {}): void {
  if (path === location.pathname) return
  // The entry of an open dialog becomes that of the chat which it leads to.
  const inDialog = (history.state as { layer?: number } | null)?.layer !== undefined
  if (replace || inDialog) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  listeners.forEach((listener) => listener())
}

const path = () => location.pathname

export function useOpenChat(): number | null {
  const now = useSyncExternalStore((listener) => {
    listeners.add(listener)
    addEventListener('popstate', listener)
    return () => {
      listeners.delete(listener)
      removeEventListener('popstate', listener)
    }
  }, path)
  const id = Number(/^\/chats\/(\d+)/.exec(now)?.[1])
  return Number.isSafeInteger(id) && id > 0 ? id : null
}
