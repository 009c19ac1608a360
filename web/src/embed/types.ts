/// What the package gives to its users: plain types without a dependency on the server's documents.

/// Answers an access token of the user. `refused` is one that the server did not accept: answer a newer one.
export type GetToken = (refused?: string) => string | Promise<string>

export interface ClientOptions {
  /// The server's address, such as `https://chat.example.org`.
  server: string
  getToken: GetToken
  /// The server ended the session: sign the user in again.
  onSignedOut?: () => void
  /// Of error messages. Default: `ru`.
  language?: string
}

declare const brand: unique symbol

/// A connection to one server for one user. Make one with `createClient`; two clients share nothing.
export interface BesedkaClient {
  readonly [brand]: 'BesedkaClient'
}

export type Theme = 'system' | 'light' | 'dark' | 'contrast'

export interface Conversation {
  id: string
  type: 'private' | 'group'
  title: string | null
  /// The user who created it; null where the server does not tell.
  created_by: number | null
  created_at: string
  service: string | null
  service_id: string | null
}

export interface Message {
  id: string
  conversation_id: string
  sender_id: number
  text: string | null
  reply_to: string | null
  is_edited: boolean
  created_at: string
}

export interface NewConversation {
  type: 'private' | 'group'
  title?: string | null
  participant_ids?: number[]
}

export type CreateConversation = (type: Conversation['type'], title?: string, participantIds?: number[]) => Promise<Conversation | null>

export interface NewMessage {
  conversation_id: string
  /// The user whose token is used; another one is refused.
  sender_id?: number
  text: string
  reply_to?: string | null
}

export interface MessagesQuery {
  limit?: number
  /// Only messages before this one.
  before?: string
}
