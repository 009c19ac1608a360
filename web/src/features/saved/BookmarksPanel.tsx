import { Bookmark as BookmarkIcon, BookmarkMinus } from 'lucide-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { useChats, usePerson } from '@/api/queries'
import type { Bookmark, Chat } from '@/api/types'
import { IconButton, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { MessageLine } from '@/components/MessageLine'
import { Panel } from '@/components/Panel'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { summary } from '@/lib/system'

/// The user's bookmarks in all chats.
export function BookmarksPanel({ onOpen, onClose }: { onOpen: (chat: number, message: number) => void; onClose: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const { chats } = useChats()
  const { data, isPending } = useQuery({
    queryKey: keys.bookmarks,
    queryFn: ({ signal, client }) => request<Bookmark[]>(client, 'GET', '/bookmarks', { query: { limit: 200 }, signal }),
    staleTime: Infinity,
  })
  const remove = useMutation({
    mutationFn: (message: number, { client }) => request(client, 'DELETE', `/messages/${message}/bookmark`),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.bookmarks }),
  })
  return (
    <Panel title={t('saved.bookmarks')} side onClose={onClose}>
      {isPending && <p role="status"><Spinner /></p>}
      {data?.length === 0 && <Empty icon={<BookmarkIcon size={28} />} title={t('saved.none')}><p>{t('saved.hint')}</p></Empty>}
      <ul>
        {data?.map((bookmark) => (
          <Line
            key={bookmark.id}
            bookmark={bookmark}
            chat={chats?.find(({ id }) => id === bookmark.message.chat_id)}
            onOpen={() => onOpen(bookmark.message.chat_id, bookmark.message.id)}
            onRemove={() => remove.mutate(bookmark.message.id)}
          />
        ))}
      </ul>
    </Panel>
  )
}

interface LineProps {
  bookmark: Bookmark
  chat: Chat | undefined
  onOpen: () => void
  onRemove: () => void
}

function Line({ bookmark: { message, note }, chat, onOpen, onRemove }: LineProps) {
  const t = useT()
  const author = usePerson(message.author_id)
  const name = authorName(t, message, author)
  return (
    <MessageLine
      avatar={{ id: message.author_id, name: name || '?', url: author?.avatar_url }}
      title={chat?.is_group ? `${name} · ${chat.title}` : name}
      at={message.ts}
      onOpen={onOpen}
      tools={<IconButton label={t('message.unbookmark')} onClick={onRemove}><BookmarkMinus size={18} /></IconButton>}
    >
      {note && <b>{note} · </b>}{summary(t, message)}
    </MessageLine>
  )
}
