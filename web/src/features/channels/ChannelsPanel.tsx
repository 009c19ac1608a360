import { Megaphone } from 'lucide-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { putChat } from '@/api/events'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Channel, Chat } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { Panel } from '@/components/Panel'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'
import styles from './Channels.module.css'

/// The server's public channels, to read and join.
export function ChannelsPanel({ onOpen, onClose }: { onOpen: (chat: number) => void; onClose: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const [words, setWords] = useState('')
  const q = useDebounced(words.trim(), 250)
  const { data, isPending, isError, refetch } = useQuery({
    queryKey: keys.channels(q),
    queryFn: ({ signal, client }) => request<Channel[]>(client, 'GET', '/channels', { query: { q: q || null }, signal }),
    staleTime: 0,
    placeholderData: (before) => before,
  })
  const join = useMutation({
    mutationFn: (id: number, { client }) => request<Chat>(client, 'POST', `/chats/${id}/join`),
    onSuccess: (chat) => { putChat(cache, chat); onOpen(chat.id) },
  })
  return (
    <Panel
      title={t('channels.title')}
      side
      onClose={onClose}
      tools={<div className={styles.field}><Search label={t('channels.search')} data-first value={words} onChange={(event) => setWords(event.target.value)} /></div>}
    >
      {isPending && <p className={styles.loading} role="status"><Spinner /></p>}
      {isError && <Empty icon={<Megaphone size={28} />} title={t('problem.offline')}><Button onClick={() => void refetch()}>{t('common.retry')}</Button></Empty>}
      {data?.length === 0 && <Empty icon={<Megaphone size={28} />} title={q ? t('common.nothing') : t('channels.none')} />}
      <ul className={styles.list}>
        {data?.map((channel) => (
          <li key={channel.id}>
            <Avatar id={channel.id} name={channel.title} url={channel.avatar_url} group />
            <p>
              <b dir="auto">{channel.title}</b>
              <small>{t('chats.members', { count: channel.member_count })}{channel.description && ` · ${channel.description}`}</small>
            </p>
            {channel.is_member
              ? <Button onClick={() => onOpen(channel.id)}>{t('channels.open')}</Button>
              : <Button look="main" busy={join.isPending && join.variables === channel.id} onClick={() => join.mutate(channel.id)}>{t('invites.join')}</Button>}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
