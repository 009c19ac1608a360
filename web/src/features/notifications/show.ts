/// Shows a notification of the system. Pressing it opens its chat.

export interface Notice {
  title: string
  body: string
  chat: number
  message: number
  icon: string | undefined
}

const registration = async () => ('serviceWorker' in navigator ? navigator.serviceWorker.getRegistration('/') : undefined)
const tagOf = (chat: number) => `chat-${chat}`

export async function show({ title, body, chat, message, icon }: Notice, onOpen: (chat: number) => void): Promise<void> {
  const options = { body, icon: icon ?? '/icons/icon-192.png', tag: tagOf(chat), renotify: true, silent: true, data: { chat, message } }
  const worker = await registration()
  // The service worker shows pushes of the same messages: what it showed already is not shown twice. Phones show
  // notifications only from there. It tells the page which chat was pressed.
  if (worker?.active) {
    const shown = await worker.getNotifications({ tag: options.tag })
    if (shown.some(({ data }) => data?.message >= message)) return
    return worker.showNotification(title, options)
  }
  const notification = new Notification(title, options)
  notification.onclick = () => {
    window.focus()
    onOpen(chat)
    notification.close()
  }
}

/// Closes the notifications of chats that were read, here or elsewhere.
export async function closeRead(isUnread: (chat: number) => boolean): Promise<void> {
  for (const shown of (await (await registration())?.getNotifications()) ?? []) {
    const chat = (shown.data as { chat?: number } | null)?.chat
    if (chat && !isUnread(chat)) shown.close()
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
