/// The package `besedka-react`: chat of a Besedka server inside another React application.

export { ChatContainer, type ChatContainerProps } from './ChatContainer'
export { ChatMessages, type ChatMessagesProps } from './ChatMessages'
export { ChatSelect, type ChatSelectProps } from './ChatSelect'
export { BesedkaProvider, useClient, type BesedkaProviderProps } from './Provider'
export {
  useConversation, useConversations, useCreateConversation, useCurrentUserId, useDeleteConversation, useDeleteMessage, useEditMessage,
  useMessages, useSendMessage, useWebSocket, type MutationResult, type QueryResult, type WebSocketOptions, type WebSocketState,
} from './hooks'
export {
  addParticipant, createClient, createConversation, deleteConversation, deleteMessage, editMessage, getConversation, getConversations,
  getCurrentUserId, getMessages, removeParticipant, sendMessage,
} from './client'
export type {
  BesedkaClient, ClientOptions, Conversation, CreateConversation, GetToken, Message, MessagesQuery, NewConversation, NewMessage, Theme,
} from './types'
