import { useMemo, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { keys } from '@/api/keys'
import type { Message, Quote } from '@/api/types'
import { Panel } from '@/components/Panel'
import { Composer } from '@/features/composer/Composer'
import { DropZone } from '@/features/composer/DropZone'
import { useStaged } from '@/features/composer/useStaged'
import { MessagesProvider, useMessages, type MessageAction } from '@/features/messages/context'
import { ThreadList } from '@/features/messages/ThreadList'
import { canPost } from '@/lib/chats'
import { useT } from '@/lib/i18n'
import { summary } from '@/lib/system'

/// A thread beside its chat: the first message, the replies, and a field of its own.
export function ThreadPanel({ root, onPoll, onClose }: { root: Message; onPoll: () => void; onClose: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const outer = useMessages()
  const { staged, setStaged, addFiles } = useStaged()
  const [editing, setEditing] = useState<Message | null>(null)
  const [quoted, setQuoted] = useState<Quote | null>(null)
  const context = useMemo(() => ({
    ...outer,
    inThread: true,
    onAction: (action: MessageAction, message: Message) => {
      if (action === 'edit') return setEditing(message)
      if (action === 'answer') return setQuoted({ id: message.id, author_id: message.author_id, type: message.type, text: summary(t, message) })
      outer.onAction(action, message)
    },
  }), [outer, t])
  const editLast = () => {
    const own = cache.getQueryData<Message[]>(keys.thread(root.id))?.findLast((message) => message.author_id === outer.me.id && !message.deleted && message.content)
    if (own) setEditing(own)
  }
  return (
    <MessagesProvider value={context}>
      <Panel title={t('thread.title')} onClose={onClose}>
        <DropZone onFiles={addFiles}>
          <ThreadList root={root} />
          {canPost(outer.chat) && (
            <Composer
              key={editing?.id ?? 'new'}
              chat={outer.chat}
              me={outer.me}
              thread={root.id}
              staged={staged}
              onStage={setStaged}
              onFiles={addFiles}
              editing={editing}
              onEdit={setEditing}
              quoted={quoted}
              onQuote={setQuoted}
              onEditLast={editLast}
              onPoll={onPoll}
            />
          )}
        </DropZone>
      </Panel>
    </MessagesProvider>
  )
}
