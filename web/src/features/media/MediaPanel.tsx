import { FileText, Image as ImageIcon, Link as LinkIcon, Mic } from 'lucide-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useDragOut } from '@/api/dragOut'
import { request } from '@/api/http'
import { keys } from '@/api/keys'
import { useThumbnail, usePerson } from '@/api/queries'
import type { Attachment, Message } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { MessageLine } from '@/components/MessageLine'
import { Panel } from '@/components/Panel'
import { Segments } from '@/components/Segments'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { linksIn } from '@/lib/links'
import { size } from '@/lib/media'
import { summary } from '@/lib/system'
import styles from './Media.module.css'

type Kind = 'image' | 'video' | 'file' | 'link' | 'audio'

const PAGE = 60
const icons: Record<Kind, ReactNode> = {
  image: <ImageIcon size={28} />, video: <ImageIcon size={28} />, file: <FileText size={28} />, link: <LinkIcon size={28} />, audio: <Mic size={28} />,
}

/// The pictures, videos, files, links and recordings of a chat.
export function MediaPanel({ chat, onOpen, onClose }: { chat: number; onOpen: (message: number) => void; onClose: () => void }) {
  const t = useT()
  const [kind, setKind] = useState<Kind>('image')
  const { data, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: keys.media(chat, kind),
    queryFn: ({ signal, client, pageParam }) =>
      request<Message[]>(client, 'GET', `/chats/${chat}/media`, { query: { type: kind, before_id: pageParam, limit: PAGE }, signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < PAGE ? null : page.at(-1)!.id),
    staleTime: 0,
  })
  const messages = data?.pages.flat() ?? []
  const grid = kind === 'image' || kind === 'video'
  const options: { value: Kind; text: string }[] = [
    { value: 'image', text: t('search.images') }, { value: 'video', text: t('search.videos') }, { value: 'file', text: t('search.files') },
    { value: 'link', text: t('search.links') }, { value: 'audio', text: t('media.audio') },
  ]
  return (
    <Panel title={t('media.title')} onClose={onClose} tools={<div className={styles.kinds}><Segments label={t('media.kind')} value={kind} onChange={setKind} options={options} /></div>}>
      {isPending && <p className={styles.loading} role="status"><Spinner /></p>}
      {!isPending && messages.length === 0 && <Empty icon={icons[kind]} title={t('media.none')} />}
      <ul className={grid ? styles.grid : undefined}>
        {messages.flatMap((message) => (grid
          ? filesOf(message, kind).map((file) => <Tile key={file.id} file={file} onOpen={() => onOpen(message.id)} />)
          : <Line key={message.id} message={message} kind={kind} onOpen={() => onOpen(message.id)} />))}
      </ul>
      {hasNextPage && <Button className={styles.more} busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>{t('common.more')}</Button>}
    </Panel>
  )
}

/// The files of a message that are of a kind: a message may have several, of several kinds.
const filesOf = (message: Message, kind: Kind): Attachment[] => message.attachments.filter((file) => file.content_type.startsWith(`${kind}/`))

function Tile({ file, onOpen }: { file: Attachment; onOpen: () => void }) {
  const t = useT()
  const { data } = useThumbnail(file)
  const drag = useDragOut(file)
  const name = file.filename
  return (
    <li>
      <button type="button" className={styles.tile} aria-label={t('message.open_image', { name })} onClick={onOpen} {...drag}>
        {data ? <img src={data} alt="" loading="lazy" draggable={false} /> : <ImageIcon size={22} />}
      </button>
    </li>
  )
}

function Line({ message, kind, onOpen }: { message: Message; kind: Kind; onOpen: () => void }) {
  const t = useT()
  const author = usePerson(message.author_id)
  const name = authorName(t, message, author)
  const file = message.attachments[0]
  const drag = useDragOut(kind === 'link' ? undefined : file)
  const text = kind === 'link' ? linksIn(message.content ?? '').map(({ url }) => url).join(' ') || summary(t, message)
    : file ? `${kind === 'audio' && message.type === 'voice' ? summary(t, message) : file.filename} · ${size(file.size, t)}` : summary(t, message)
  return <MessageLine avatar={{ id: message.author_id, name: name || '?', url: author?.avatar_url }} title={name} at={message.ts} onOpen={onOpen} handle={drag}>{text}</MessageLine>
}
