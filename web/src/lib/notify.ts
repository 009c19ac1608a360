/// Whether and how a message is announced: this browser's choices, and the rules of each chat.

import { useSyncExternalStore } from 'react'
import type { Chat, Message } from '@/api/types'
import { shell } from './shell'

export interface NotifyChoices {
  /// Shows notifications while the page is in the background.
  desktop: boolean
  sound: boolean
  /// Shows what was written, not only that something was.
  preview: boolean
  /// Do not disturb until this time in ms; Infinity has no end.
  quietUntil: number
  /// When the question about notifications was answered, in ms; 0 if it was not asked.
  askedAt: number
  /// Whether the user has sent a message.
  hasSent: boolean
}

const STORED = 'besedka.notifications'
const DEFAULTS: NotifyChoices = { desktop: true, sound: true, preview: true, quietUntil: 0, askedAt: 0, hasSent: false }
const listeners = new Set<() => void>()
let choices: NotifyChoices | null = null

export function notifyChoices(): NotifyChoices {
  return (choices ??= read())
}

function read(): NotifyChoices {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<NotifyChoices>
    return { ...DEFAULTS, ...kept, quietUntil: kept.quietUntil === null ? Infinity : (kept.quietUntil ?? 0) }
  } catch {
    return DEFAULTS
  }
}

export function setNotifyChoices(change: Partial<NotifyChoices>): void {
  choices = { ...notifyChoices(), ...change }
  try {
    // JSON writes Infinity as null.
    localStorage.setItem(STORED, JSON.stringify(choices))
  } catch {
    // The choice lasts as long as the page.
  }
  for (const listener of listeners) listener()
}

export function useNotifyChoices(): NotifyChoices {
  return useSyncExternalStore((listener) => {
    const changed = ({ key }: StorageEvent) => {
      if (key !== STORED) return
      choices = null
      listener()
    }
    listeners.add(listener)
    addEventListener('storage', changed)
    return () => {
      listeners.delete(listener)
      removeEventListener('storage', changed)
    }
  }, notifyChoices)
}

export const isMuted = (chat: Chat, now: number) => !!chat.muted_until && Date.parse(`${chat.muted_until.replace(/Z$/, '')}Z`) > now

/// Whether a message addresses the user: in a private chat, by a mention.
export const isAddressed = (message: Message, chat: Chat, me: number) =>
  chat.kind === 'private' || Boolean(message.mentions_all) || (message.mentions?.includes(me) ?? false)

/// Whether the settings of its chat let a message be announced.
export function isWanted(message: Message, chat: Chat, me: number, now: number): boolean {
  if (message.author_id === me || message.type === 'system' || message.deleted) return false
  if (isMuted(chat, now) || chat.notify === 'none') return false
  return chat.notify !== 'mentions' || isAddressed(message, chat, me)
}

/// What counts in the title and on the icon: unread messages of chats that may disturb, mentions of the others.
export function unreadTotal(chats: Chat[], now: number): number {
  return chats.reduce((sum, chat) => {
    if (isMuted(chat, now) || chat.notify === 'none') return sum
    return sum + (chat.notify === 'mentions' ? chat.mention_count : chat.unread_count)
  }, 0)
}

export type Permission = 'granted' | 'denied' | 'default' | 'missing'

/// Notifications exist only in secure contexts: not over plain HTTP. The app shows the system's own.
export const permission = (): Permission => (shell().desktop ? 'granted' : typeof Notification === 'undefined' || !isSecureContext ? 'missing' : Notification.permission)

/// Safari on iPhone and iPad knows notifications only of pages on the Home Screen.
export const needsHomeScreen = () => isSecureContext && typeof Notification === 'undefined'

export async function askPermission(): Promise<Permission> {
  const answer = await Notification.requestPermission()
  setNotifyChoices({ desktop: answer === 'granted', askedAt: Date.now() })
  return answer
}
