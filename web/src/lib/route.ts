/// Routing: the URL alone says which chat is open.

import { useSyncExternalStore } from 'react'
import { isLayer } from './back'

const listeners = new Set<() => void>()

/// A link to one message.
export const messagePath = (chat: number, message: number) => `/chats/${chat}/${message}`

export const chatPath = (id: number | null) => (id === null ? '/' : `/chats/${id}`)

export function go(path: string, { replace = false } = {}): void {
  if (path === location.pathname) return
  if (replace || isLayer()) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  listeners.forEach((listener) => listener())
}

const path = () => location.pathname

export function usePath(): string {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    addEventListener('popstate', listener)
    return () => {
      listeners.delete(listener)
      removeEventListener('popstate', listener)
    }
  }, path)
}

const numbered = (text: string | undefined): number | null => {
  const id = Number(text)
  return Number.isSafeInteger(id) && id > 0 ? id : null
}

export const useOpenChat = (): number | null => numbered(/^\/chats\/(\d+)/.exec(usePath())?.[1])

/// The message that a link leads to.
export const useLinkedMessage = (): number | null => numbered(/^\/chats\/\d+\/(\d+)/.exec(usePath())?.[1])

/// The token of a setup link: /setup#…
export const setupToken = (): string | null => (location.pathname === '/setup' && location.hash.length > 1 ? location.hash.slice(1) : null)

/// The token of an invitation: /join/…
export const useInvitation = (): string | null => /^\/join\/([\w-]+)/.exec(usePath())?.[1] ?? null
