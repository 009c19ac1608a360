import { MessageCircleOff } from 'lucide-react'
import { Suspense, useMemo, useRef, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { useHas } from '@/api/abilities'
import type { History as Known } from '@/api/history'
import { keys } from '@/api/keys'
import { useChat, useChats, useMe, useMembers } from '@/api/queries'
import type { Chat, Message, Quote, User } from '@/api/types'
import { Empty } from '@/components/Empty'
import { ConnectionBanner } from '@/features/chats/ConnectionBanner'
import { Composer } from '@/features/composer/Composer'
import { DropZone } from '@/features/composer/DropZone'
import { useStaged } from '@/features/composer/useStaged'
import { useMeet } from '@/features/meetings/useMeet'
import { Announcer } from '@/features/messages/Announcer'
import { MessagesProvider, type MessageAction } from '@/features/messages/context'
import { History } from '@/features/messages/History'
import type { Target } from '@/features/messages/useJump'
import { PinBar } from '@/features/pins/PinBar'
import { canPost } from '@/lib/chats'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { summary } from '@/lib/system'
import { ChatHeader, type ChatView } from './ChatHeader'
import styles from './ChatMessages.module.css'

const ChatInfo = lazyComponent(() => import('@/features/members/ChatInfo').then((file) => file.ChatInfo))
const SearchPanel = lazyComponent(() => import('@/features/search/SearchPanel').then((file) => file.SearchPanel))
const PinsPanel = lazyComponent(() => import('@/features/pins/PinsPanel').then((file) => file.PinsPanel))
const MediaPanel = lazyComponent(() => import('@/features/media/MediaPanel').then((file) => file.MediaPanel))
const ScheduledPanel = lazyComponent(() => import('@/features/scheduled/ScheduledPanel').then((file) => file.ScheduledPanel))
const ThreadPanel = lazyComponent(() => import('./ThreadPanel').then((file) => file.ThreadPanel))
const ForwardDialog = lazyComponent(() => import('@/features/forward/ForwardDialog').then((file) => file.ForwardDialog))
const AskDialog = lazyComponent(() => import('@/features/assistant/AskDialog').then((file) => file.AskDialog))
const CatchUpDialog = lazyComponent(() => import('@/features/assistant/CatchUpDialog').then((file) => file.CatchUpDialog))
const ChatWebhooks = lazyComponent(() => import('@/features/integrations/ChatWebhooks').then((file) => file.ChatWebhooks))
const PollMaker = lazyComponent(() => import('@/features/polls/PollMaker').then((file) => file.PollMaker))

interface Props {
  chatId: number
  /// The message to show first.
  target?: Target | null
  onBack?: () => void
}

/// One chat: header, messages and composer, with what is opened beside them.
export function ChatMessages({ chatId, target = null, onBack }: Props) {
  const t = useT()
  const { chats } = useChats()
  const chat = useChat(chatId)
  const me = useMe()
  if (chat && me) return <Conversation chat={chat} me={me} target={target} onBack={onBack} />
  return chats ? <Empty icon={<MessageCircleOff size={30} />} title={t('chats.gone')} /> : null
}

function Conversation({ chat, me, target, onBack }: { chat: Chat; me: User; target: Target | null; onBack?: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const members = useMembers(chat.id)
  const { staged, setStaged, addFiles } = useStaged()
  const [editing, setEditing] = useState<Message | null>(null)
  const [quoted, setQuoted] = useState<Quote | null>(null)
  const [view, setView] = useState<ChatView | null>(null)
  const [thread, setThread] = useState<Message | null>(null)
  const [forwarded, setForwarded] = useState<Message | null>(null)
  const [poll, setPoll] = useState<{ thread: number | null } | null>(null)
  const [asking, setAsking] = useState(false)
  const assistant = useHas('assistant') && chat.assistant
  const meetings = useHas('meetings') && chat.kind !== 'saved' && canPost(chat)
  const { mutate: createMeeting } = useMeet(chat.id)
  const meet = useMemo(() => (meetings ? () => createMeeting() : undefined), [meetings, createMeeting])
  const [jumped, setJumped] = useState<Target | null>(null)
  const columns = useRef<HTMLDivElement>(null)
  const shown = jumped && jumped.time > (target?.time ?? 0) ? jumped : target

  const jump = (message: number) => {
    setJumped({ message, time: Date.now() })
    // Where a panel covers the chat, it makes way.
    const panel = columns.current?.querySelector(':scope > aside, :scope > div > aside')
    if (panel && getComputedStyle(panel).position === 'absolute') { setView(null); setThread(null) }
  }
  const open = (next: ChatView | null) => { setThread(null); setView(next) }
  const editLast = () => {
    const history = cache.getQueryData<Known>(keys.history(chat.id))
    const own = (history?.newest ?? history?.items)?.findLast((message) =>
      message.author_id === me.id && !message.deleted && message.type !== 'system' && message.content)
    if (own) setEditing(own)
  }
  const openThread = (message: Message) => {
    const root = message.thread_id ? cache.getQueryData<Known>(keys.history(chat.id))?.items.find(({ id }) => id === message.thread_id) : message
    if (!root) return jump(message.thread_id!)
    setView(null)
    setThread(root)
  }
  const context = useMemo(() => ({
    chat,
    me,
    members,
    onAction: (action: MessageAction, message: Message) => {
      if (action === 'thread') return openThread(message)
      if (action === 'forward') return setForwarded(message)
      setEditing(action === 'edit' ? message : null)
      setQuoted(action === 'answer' ? { id: message.id, author_id: message.author_id, type: message.type, text: summary(t, message) } : null)
    },
    onJump: jump,
    onMeet: meet,
    // eslint-disable-next-line react-hooks/exhaustive-deps -- jump and openThread use setters and the cache alone
  }), [chat, me, members, meet, t])

  return (
    <MessagesProvider value={context}>
      <div className={styles.columns} ref={columns}>
        <div className={styles.chat}>
          <ChatHeader chat={chat} onBack={onBack} onView={open} canCatchUp={assistant} onMeet={meet} />
          <div className={styles.narrow}><ConnectionBanner /></div>
          <PinBar chat={chat.id} onOpen={jump} onList={() => open('pins')} />
          <DropZone onFiles={addFiles}>
            <History target={shown} />
            {canPost(chat)
              ? (
                <Composer
                  key={editing?.id ?? 'new'}
                  chat={chat}
                  me={me}
                  staged={staged}
                  onStage={setStaged}
                  onFiles={addFiles}
                  editing={editing}
                  onEdit={setEditing}
                  quoted={quoted}
                  onQuote={setQuoted}
                  onEditLast={editLast}
                  onPoll={() => setPoll({ thread: null })}
                  onAsk={assistant ? () => setAsking(true) : undefined}
                />
              )
              : <p className={styles.closed}>{t('composer.read_only')}</p>}
          </DropZone>
          <Announcer chat={chat.id} />
        </div>
        <Suspense>
          {thread && <ThreadPanel key={thread.id} root={thread} onPoll={() => setPoll({ thread: thread.id })} onClose={() => setThread(null)} />}
          {view === 'search' && <SearchPanel chat={chat} onOpen={(_, message) => jump(message)} onClose={() => setView(null)} />}
          {view === 'pins' && <PinsPanel chat={chat.id} onOpen={jump} onClose={() => setView(null)} />}
          {view === 'media' && <MediaPanel chat={chat.id} onOpen={jump} onClose={() => setView(null)} />}
          {view === 'scheduled' && <ScheduledPanel chat={chat.id} onClose={() => setView(null)} />}
        </Suspense>
      </div>
      <Suspense>
        {view === 'info' && <ChatInfo chat={chat} me={me.id} onView={open} onClose={() => setView(null)} />}
        {view === 'webhooks' && <ChatWebhooks chat={chat.id} onClose={() => setView(null)} />}
        {forwarded && <ForwardDialog message={forwarded} onClose={() => setForwarded(null)} />}
        {view === 'catch-up' && <CatchUpDialog chat={chat.id} onClose={() => setView(null)} />}
        {asking && <AskDialog chat={chat.id} me={me.id} onClose={() => setAsking(false)} />}
        {poll && <PollMaker chat={chat.id} thread={poll.thread} onClose={() => setPoll(null)} />}
      </Suspense>
    </MessagesProvider>
  )
}
