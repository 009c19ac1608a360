/// What the messages of a chat share, and what can be done from them elsewhere in the app.

import { createContext, useContext } from 'react'
import type { Chat, Member, Message, User } from '@/api/types'

export type MessageAction = 'edit' | 'answer' | 'thread' | 'forward'

export interface MessagesContext {
  chat: Chat
  me: User
  members: Member[] | undefined
  /// Starts an edit, a reply, a thread or a forward.
  onAction: (action: MessageAction, message: Message) => void
  /// Shows another message of the chat.
  onJump: (message: number) => void
  /// Creates a video meeting, where the server may have them.
  onMeet?: () => void
  /// Whether these are the replies of a thread.
  inThread?: boolean
}

const Context = createContext<MessagesContext | null>(null)

export const MessagesProvider = Context.Provider

export function useMessages(): MessagesContext {
  const context = useContext(Context)
  if (!context) throw new Error('messages are shown outside of a chat')
  return context
}

export const isModerator = ({ kind, role }: Chat) => (kind === 'group' || kind === 'channel') && (role === 'owner' || role === 'admin')

/// In a private chat both people can pin; in a group, its owner and admins.
export const canPin = (chat: Chat) => chat.kind === 'private' || chat.kind === 'saved' || isModerator(chat)
