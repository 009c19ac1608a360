/// One chat on any site: `<script src="widget.js" data-server="https://chat.example.org" data-chat="12" data-token="…">`
/// shows it where the script stands. `Besedka.mount(element, options)` does the same with a token that is renewed.

import { createRoot } from 'react-dom/client'
import { ChatContainer } from './ChatContainer'
import { ChatMessages } from './ChatMessages'
import { createClient } from './client'
import { BesedkaProvider } from './Provider'
import type { GetToken, Theme } from './types'

export interface WidgetOptions {
  server: string
  getToken: GetToken
  /// The chat to show; without it, all of the user's chats.
  chat?: string
  language?: string
  theme?: Theme
  /// CSS. Default: 480px.
  height?: string
}

/// Shows a chat in an element; answers what removes it.
export function mount(element: HTMLElement, { server, getToken, chat, language, theme, height = '480px' }: WidgetOptions): () => void {
  const client = createClient({ server, getToken, language })
  const look = { client, language, theme, style: { blockSize: height } }
  const root = createRoot(element)
  root.render(chat
    ? <BesedkaProvider {...look}><ChatMessages conversationId={chat} /></BesedkaProvider>
    : <ChatContainer {...look} />)
  return () => root.unmount()
}

/// Starts from the attributes of the script's own element.
export function start(script: HTMLScriptElement): void {
  const { server = new URL(script.src).origin, token, chat, language, theme, height } = script.dataset
  const style = document.createElement('link')
  style.rel = 'stylesheet'
  style.href = new URL('widget.css', script.src).href
  document.head.append(style)
  if (!token) return
  const box = document.createElement('div')
  script.after(box)
  mount(box, { server, getToken: () => token, chat, language, theme: theme as Theme | undefined, height })
}
