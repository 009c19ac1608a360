/// Besedka's chat for other React applications: wrap it in a QueryClientProvider with a signed-in session.

export { ChatContainer } from './app/ChatContainer'
export { ChatMessages } from './app/ChatMessages'
export { ChatSelect } from './features/chats/ChatSelect'
export { useChat, useChats, useHistory, useMe, useMembers, usePeopleSearch, useTyping } from './api/queries'
export {
  useAddMember, useCreateGroup, useDeleteMessage, useEditMessage, useLeaveChat, useMarkRead, useOpenDirect, useReact,
} from './api/actions'
export { useSession } from './app/useSession'
export { send as sendMessage, useUnsentOf } from './api/outbox'
export { useLiveStatus } from './api/live'
export type { Chat, Member, Message, Person, User } from './api/types'
