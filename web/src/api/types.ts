/// The API's types under the names the client uses.
/// They are generated from the server's OpenAPI document (`npm run gen`).

import type { ClientEvents, ServerEvents } from './eventSchema'
import type { components } from './schema'

type Schemas = components['schemas']

/// Optional fields of the document may be null or missing on the wire.
type Wire<T> = T extends (infer Item)[] ? Wire<Item>[]
  : T extends object ? { [Name in keyof T]: undefined extends T[Name] ? Wire<Exclude<T[Name], undefined>> | null : Wire<T[Name]> }
  : T

export type Person = Wire<Schemas['Person']>
export type User = Wire<Schemas['User']>
export type UpdatedUser = Wire<Schemas['UpdatedUser']>
export type SignedIn = Wire<Schemas['SignedIn']>
export type Tokens = Wire<Schemas['Tokens']>
export type Reaction = Wire<Schemas['Reaction']>
export type Attachment = Schemas['Attachment']
export type MessageType = Schemas['MessageType']
export type Role = Schemas['Role']
export type Member = Wire<Schemas['Member']>
export type UploadForm = Wire<Schemas['UploadForm']>
export type ReadMark = Wire<Schemas['ReadMark']>
export type Session = Wire<Schemas['Session']>
export type Registration = Schemas['Register']
export type RegistrationSetting = Schemas['RegistrationSetting']
export type RegistrationPolicy = Schemas['Policy']
export type Retention = Wire<Schemas['Retention']>
export type RetentionPreview = Schemas['RetentionPreview']
export type ChatRetention = Wire<Schemas['ChatRetention']>
export type ChatOverview = Wire<Schemas['ChatOverview']>
export type ChatOverviews = Wire<Schemas['ChatOverviews']>
export type OwnerCandidate = Wire<Schemas['OwnerCandidate']>
export type FirstAdministrator = Schemas['FirstAdministrator']
export type Whose = Schemas['NewCode']
export type ProfileChange = Schemas['ProfileChange']
export type Scope = Schemas['Scope']
export type PushKey = Wire<Schemas['PushKey']>
export type PushSubscription = Wire<Schemas['PushSubscription']>
export type PushDelivery = Wire<Schemas['PushDelivery']>
export type Bot = Wire<Schemas['Bot']>
export type BotCommand = Wire<Schemas['BotCommand']>
export type CommandInvoked = Schemas['CommandInvoked']
export type ChatCommand = Wire<Schemas['ChatCommand']>
export type Webhook = Wire<Schemas['Webhook']>
export type WebhookWithUrl = Wire<Schemas['WebhookWithUrl']>
export type WebhookEvent = Schemas['WebhookEvent']
export type OutgoingWebhook = Wire<Schemas['OutgoingWebhook']>
export type OutgoingWebhookWithSecret = Wire<Schemas['OutgoingWebhookWithSecret']>
export type Delivery = Wire<Schemas['Delivery']>
export type PersonalToken = Wire<Schemas['Token']>
export type TokenWithSecret = Wire<Schemas['TokenWithSecret']>
export type Blocked = Wire<Schemas['Blocked']>
export type Quota = Wire<Schemas['Quota']>
export type ExportLink = Schemas['ExportLink']
export type Imported = Schemas['Imported']
export type Account = Wire<Schemas['Account']>
export type AuditEntry = Wire<Schemas['AuditEntry']>
export type Report = Wire<Schemas['Report']>
export type ReportPerson = Wire<Schemas['ReportPerson']>
export type ReportReason = Schemas['ReportReason']
export type NewReport = Schemas['NewReport']
export type Announcement = Wire<Schemas['Announcement']>
export type CurrentAnnouncement = Wire<Schemas['CurrentAnnouncement']>
export type GeneratedPassword = Schemas['GeneratedPassword']
export type Presence = Wire<Schemas['Presence']>
export type PersonPresence = Wire<Schemas['PersonPresence']>
export type Code = Schemas['SentCode']
export type CodeSignIn = Schemas['SignInByCode']
export type PasswordReset = Schemas['NewPassword']

/// Fields the document leaves open: of voice messages, images, videos and files, and of system messages.
export interface Payload {
  attachment_id?: string
  duration_ms?: number
  codec?: string
  waveform?: number[]
  width?: number
  height?: number
  kind?: string
  user_id?: number
  title?: string
  [field: string]: unknown
}

/// What is empty or false may be left out of a message.
type Sparse = 'previews' | 'mentions' | 'mentions_all' | 'silent'
export type Message = Omit<Wire<Schemas['Message']>, 'payload' | 'attachments' | Sparse> & Partial<Pick<Wire<Schemas['Message']>, Sparse>>
  & { payload: Payload | null; attachments: Attachment[] }
export type Quote = Wire<Schemas['Quote']>
export type Preview = Wire<Schemas['Preview']>
export type SearchPage = Omit<Schemas['SearchPage'], 'results'> & { results: { message: Message; snippet: { text: string; highlights: number[][] } }[] }
export type Bookmark = Omit<Wire<Schemas['Bookmark']>, 'message'> & { message: Message }
export type Draft = Wire<Schemas['Draft']>
export type Scheduled = Omit<Wire<Schemas['Scheduled']>, 'payload' | 'attachments'> & { payload: Payload | null; attachments: Attachment[] }
export type Receipts = Wire<Schemas['MessageReceipts']>
export type Edit = Omit<Wire<Schemas['Edit']>, 'payload'>
export type ChatSettings = Wire<Schemas['ChatSettings']>
export type Ban = Wire<Schemas['Ban']>
export type Channel = Wire<Schemas['Channel']>
export type Invite = Wire<Schemas['Invite']>
export type InvitedTo = Wire<Schemas['InvitedTo']>
export type Vote = Wire<Schemas['Vote']>
export type Poll = Wire<Schemas['Poll']>
export type CatchUp = Wire<Schemas['CatchUp']>
export type ServerStatus = Wire<Schemas['ServerStatus']>
export type ServerFindings = Wire<Schemas['ServerFindings']>
export type Finding = ServerFindings['findings'][number]
export type StorageUse = Wire<Schemas['StorageUse']>
export type Meeting = Omit<Wire<Schemas['Meeting']>, 'message'> & { message?: Message | null }
export type Chat = Omit<Wire<Schemas['Chat']>, 'last_message'> & { last_message: Message | null }

export interface NewMessage {
  chat_id: number
  type: Exclude<MessageType, 'system'>
  content?: string | null
  payload?: Payload | null
  client_id?: string
  reply_to?: number | null
  thread_id?: number | null
  silent?: boolean
  mentions?: number[]
}

export interface SyncPage {
  events: Frame[]
  cursor: string
  has_more: boolean
  gaps: Wire<Schemas['Gap']>[]
}

/// One frame of the socket; durable ones carry a position.
export interface Frame {
  event: string
  data?: unknown
  position?: string
}

/// What the client names itself; the rest of the events' data is as in the document.
interface Named {
  'message.created': Message
  'message.updated': Message
  'chat.created': Chat
}

/// A frame of an event that the document describes. A newer server may send others: they match no case.
export type ServerFrame = {
  [Name in keyof ServerEvents]: { event: Name; data: Name extends keyof Named ? Named[Name] : Wire<ServerEvents[Name]>; position?: string }
}[keyof ServerEvents]

/// What a client says to the server.
export type Said = { [Name in keyof ClientEvents]: Wire<ClientEvents[Name]> }
