import { useState, type CSSProperties } from 'react'
import { ChatContainer as Messenger } from '@/app/ChatContainer'
import { createClient } from './client'
import { BesedkaProvider, Connected } from './Provider'
import type { BesedkaClient, GetToken, Theme } from './types'

export interface ChatContainerProps {
  /// The server's address. Together with `getToken` instead of a `client`.
  server?: string
  getToken?: GetToken
  onSignedOut?: () => void
  /// A client of your own, when hooks or functions of it are used elsewhere too.
  client?: BesedkaClient
  language?: string
  theme?: Theme
  className?: string
  style?: CSSProperties
  /// The conversation that is open at first.
  initialChatId?: string
  onSelectChat?: (chatId: string | null) => void
}

/// The whole messenger in a box: the conversations and the open one.
export function ChatContainer({ server, getToken, onSignedOut, client: given, initialChatId, onSelectChat, ...look }: ChatContainerProps) {
  const [own] = useState(() => {
    if (given) return given
    if (!server || !getToken) throw new Error('ChatContainer needs either a client, or server and getToken')
    return createClient({ server, getToken, onSignedOut, language: look.language })
  })
  return (
    <BesedkaProvider client={given ?? own} {...look}>
      <Connected><Chats key={initialChatId} initial={initialChatId} onSelect={onSelectChat} /></Connected>
    </BesedkaProvider>
  )
}

function Chats({ initial, onSelect }: { initial?: string; onSelect?: (chatId: string | null) => void }) {
  const [open, setOpen] = useState<number | null>(initial ? Number(initial) : null)
  const choose = (chat: number | null) => {
    setOpen(chat)
    onSelect?.(chat === null ? null : String(chat))
  }
  return <Messenger open={open} onOpen={choose} />
}
