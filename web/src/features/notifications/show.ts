/// Shows a notification of the system. Pressing it opens its chat.

import { shell } from '@/lib/shell'

export interface Notice {
  title: string
  body: string
  chat: number
  icon: string | undefined
}

export async function show({ title, body, chat, icon }: Notice, onOpen: (chat: number) => void): Promise<void> {
  const { desktop } = shell()
  // The app opens the chat by itself, also where its window is closed.
  if (desktop) return desktop.notify({ title, body, chat })
  const options = { body, icon: icon ?? '/icons/icon-192.png', tag: `chat-${chat}`, renotify: true, silent: true, data: { chat } }
  try {
    const notification = new Notification(title, options)
    notification.onclick = () => {
      window.focus()
      onOpen(chat)
      notification.close()
    }
  } catch {
    // Phones show notifications only from a service worker; it tells the page which chat was pressed.
    const worker = await navigator.serviceWorker?.getRegistration()
    await worker?.showNotification(title, options)
  }
}

/// Calls back when a notification of the service worker is pressed.
export function onPressed(open: (chat: number) => void): () => void {
  const worker = navigator.serviceWorker
  if (!worker) return () => undefined
  const listen = ({ data }: MessageEvent<{ kind?: string; chat?: number }>) => {
    if (data?.kind === 'open-chat' && data.chat) open(data.chat)
  }
  worker.addEventListener('message', listen)
  return () => worker.removeEventListener('message', listen)
}
