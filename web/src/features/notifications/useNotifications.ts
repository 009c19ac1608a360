/// Announces messages: a sound, a notification while the page is in the background, the count in the title and
/// on the icon. Of several tabs one does it.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { knownMessage } from '@/api/events'
import { keys } from '@/api/keys'
import { onMessages } from '@/api/live'
import { personQuery, useChats } from '@/api/queries'
import type { Chat, Message, User } from '@/api/types'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { isWanted, notifyChoices, permission, unreadTotal } from '@/lib/notify'
import { shell } from '@/lib/shell'
import { summary } from '@/lib/system'
import { closeRead, onPressed, show } from './show'
import { playSound } from './sound'
import { usePush } from './usePush'

/// A tab in the background waits, so that one that shows the chat is first.
const BACKGROUND_MS = 200
const HELD_MS = 3_000

export function useNotifications(open: number | null, onOpen: (chat: number) => void): void {
  const cache = useQueryClient()
  const t = useT()
  usePush()
  useBadge()
  useReadElsewhere()

  /// The chat of a message that is to be announced, as it is now.
  const chatOf = (message: Message): Chat | null => {
    const me = cache.getQueryData<User>(keys.me)?.id ?? 0
    const chat = cache.getQueryData<Chat[]>(keys.chats)?.find((one) => one.id === message.chat_id)
    const isRead = message.id <= (chat?.last_read_message_id ?? 0)
    const isDeleted = knownMessage(cache, message.chat_id, message.id)?.deleted
    return chat && !isRead && !isDeleted && isWanted(message, chat, me, Date.now()) ? chat : null
  }
  const announce = useEffectEvent(async (message: Message) => {
    const looking = document.visibilityState === 'visible' && document.hasFocus()
    if (!looking) await new Promise((resolve) => setTimeout(resolve, BACKGROUND_MS))
    // It may have been read or deleted meanwhile.
    const chat = chatOf(message)
    if (!chat || !(await isFirst(message.id))) return
    const { quietUntil, sound, desktop, preview } = notifyChoices()
    if (quietUntil > Date.now() || (looking && open === chat.id)) return
    if (sound && !message.silent) playSound()
    if (looking || !desktop || permission() !== 'granted') return
    const author = await cache.fetchQuery(personQuery(message.author_id)).catch(() => null)
    const name = author ? authorName(t, message, author) : chat.title
    const text = preview ? summary(t, message) : t('notify.message')
    void show({
      title: chat.kind === 'private' ? name : chat.title,
      body: chat.kind === 'private' ? text : `${name}: ${text}`,
      chat: chat.id,
      message: message.id,
      icon: author?.avatar_url ?? undefined,
    }, onOpen)
  })
  /// Of what came together, one message of each chat is announced: the newest that it lets through.
  const announceNewest = useEffectEvent((messages: Message[]) => {
    const newest = new Map<number, Message>()
    for (const message of messages) if (chatOf(message)) newest.set(message.chat_id, message)
    for (const message of newest.values()) void announce(message)
  })
  const pressed = useEffectEvent(onOpen)
  useEffect(() => onMessages(cache, (messages) => announceNewest(messages)), [cache])
  useEffect(() => onPressed((chat) => pressed(chat)), [])
}

/// Whether this tab is the one that announces a message: the first to take its lock, which it keeps for a while.
async function isFirst(message: number): Promise<boolean> {
  if (!navigator.locks) return true
  return new Promise((resolve) => {
    void navigator.locks.request(`besedka.notify.${message}`, { ifAvailable: true }, async (lock) => {
      resolve(!!lock)
      if (lock) await new Promise((release) => setTimeout(release, HELD_MS))
    })
  })
}

function useBadge(): void {
  const t = useT()
  const { chats } = useChats()
  useEffect(() => {
    const unread = unreadTotal(chats ?? [], Date.now())
    document.title = unread > 0 ? `(${unread}) ${t('app.name')}` : t('app.name')
    document.querySelector('link[rel=icon]')?.setAttribute('href', unread > 0 ? '/icons/mark-unread.svg' : '/icons/mark.svg')
    const { desktop } = shell()
    if (desktop) void desktop.setBadge(unread).catch(() => undefined)
    else void (unread > 0 ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.())?.catch(() => undefined)
  }, [chats, t])
}

/// A notification goes when its chat is read, on whichever device.
function useReadElsewhere(): void {
  const { chats } = useChats()
  useEffect(() => {
    if (chats) void closeRead((id) => chats.some((chat) => chat.id === id && chat.unread_count > 0)).catch(() => undefined)
  }, [chats])
}
