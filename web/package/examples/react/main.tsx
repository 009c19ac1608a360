import { useState, type FormEvent } from 'react'
import { createRoot } from 'react-dom/client'
import {
  BesedkaProvider, ChatContainer, ChatMessages, ChatSelect, createClient, getCurrentUserId, useConversations, useCreateConversation,
  useMessages, useSendMessage, useWebSocket, type BesedkaClient, type Conversation,
} from 'besedka-react'
import 'besedka-react/style.css'

// Your own server makes the tokens; here they are in the address: ?server=…&token=…&other=…
const address = new URLSearchParams(location.search)
const server = address.get('server') ?? 'http://127.0.0.1:8000'
const client = createClient({ server, getToken: () => address.get('token') ?? '', language: 'en' })

/// The list and the messages, each where the page wants it.
function Separate() {
  const { data: conversations = [], isLoading } = useConversations()
  const create = useCreateConversation()
  const [selected, setSelected] = useState<string | null>(null)
  const onCreate = async (type: Conversation['type'], title?: string, participantIds?: number[]): Promise<Conversation | null> =>
    create.mutateAsync({ type, title, participant_ids: participantIds })
  return (
    <div style={{ display: 'grid', gridTemplateColumns: '240px 1fr', height: 420 }}>
      <ChatSelect conversations={conversations} loading={isLoading} selectedChatId={selected} onSelectChat={setSelected} onCreateConversation={onCreate} />
      {selected && <ChatMessages conversationId={selected} />}
    </div>
  )
}

/// A form of the page's own, by the hooks alone.
function OwnForm({ conversationId, client: own }: { conversationId: string; client: BesedkaClient }) {
  const { data: messages } = useMessages(conversationId)
  const [heard, setHeard] = useState<string | null>(null)
  const { isConnected, error } = useWebSocket({ conversationId, onMessage: ({ text }) => setHeard(text), onError: (reason) => console.warn(reason) })
  const send = useSendMessage()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const text = String(new FormData(event.currentTarget).get('text'))
    send.mutate({ conversation_id: conversationId, sender_id: getCurrentUserId(own) ?? undefined, text, reply_to: null })
  }
  return (
    <form onSubmit={submit} aria-label="Own form">
      <input name="text" aria-label="Text" />
      <button disabled={send.isPending}>Send</button>
      <output>{isConnected ? 'connected' : error?.message ?? 'connecting'}: {messages?.length ?? 0} messages, the last one heard: {heard ?? 'none'}</output>
    </form>
  )
}

function Page() {
  const chat = address.get('chat')
  return (
    <>
      <section aria-label="Whole messenger" style={{ width: 700, height: 480 }}>
        <ChatContainer client={client} language="en" />
      </section>
      {address.has('other') && (
        <section aria-label="Somebody else's messenger" style={{ width: 340, height: 480 }}>
          <ChatContainer server={server} getToken={() => address.get('other') ?? ''} language="ru" theme="dark" />
        </section>
      )}
      <section aria-label="Parts">
        <BesedkaProvider client={client} language="en">
          <Separate />
          {chat && <OwnForm conversationId={chat} client={client} />}
        </BesedkaProvider>
      </section>
    </>
  )
}

createRoot(document.getElementById('app')!).render(<Page />)
