import { Forward } from 'lucide-react'
import { Suspense, useMemo } from 'react'
import type { Entry } from '@/api/outbox'
import { usePerson } from '@/api/queries'
import type { Message, Quote } from '@/api/types'
import { RichText } from '@/components/RichText'
import { personName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { withoutMarks } from '@/lib/markdown'
import { useOpenPerson } from '@/lib/person'
import { AskedPart, SentPart } from './AiPart'
import { Album } from './Album'
import styles from './Content.module.css'
import { useMessages } from './context'
import { FilePart } from './FilePart'
import { ImagePart } from './ImagePart'
import { LocationPart } from './LocationPart'
import { MeetPart } from './MeetPart'
import { PollPart } from './PollPart'
import { Previews } from './Previews'
import { VideoPart } from './VideoPart'

const VoicePart = lazyComponent(() => import('./VoicePart').then((file) => file.VoicePart))

/// A message's content: origin, quote, attachments and text.
export function Content({ message, entry, me }: { message: Message; entry: Entry | null; me: number }) {
  const t = useT()
  const { members, me: user } = useMessages()
  const openPerson = useOpenPerson()
  const names = useMemo(() => {
    if (!message.mentions?.length) return []
    const meant = new Set(message.mentions)
    return members?.flatMap(({ user }) => meant.has(user.id) ? user.username ?? [] : [])
  }, [members, message.mentions])
  if (message.deleted) return <span>{t('message.deleted')}</span>
  const files = entry?.files.map(({ blob }) => blob) ?? []
  const [file = null] = files
  const type = message.attachments.length > 1 ? 'album' : message.type
  const mentions = Boolean(message.mentions_all || message.mentions?.length)
  const open = (name: string) => {
    const found = members?.find((member) => member.user.username?.toLocaleLowerCase() === name.toLocaleLowerCase())
    if (found) openPerson?.(found.user.id)
  }
  return (
    <>
      {message.forwarded_from && <p className={styles.origin}><Forward size={14} />{t('message.forwarded', { name: message.forwarded_from.author_name })}</p>}
      {message.reply_to && <Quoted quote={message.reply_to} />}
      {message.type === 'ai' && <AskedPart message={message} />}
      {type === 'album' && <Album message={message} local={files} />}
      {type === 'image' && <ImagePart message={message} local={file} />}
      {type === 'video' && <VideoPart message={message} local={file} />}
      {type === 'file' && <FilePart file={message.attachments[0]} />}
      {type === 'voice' && <Suspense fallback={<div className={styles.voice} />}><VoicePart message={message} local={file} /></Suspense>}
      {message.content && <RichText text={message.content} me={user.username} mentions={mentions} names={names} onMention={open} />}
      <MeetPart message={message} />
      {message.type === 'ai' && <SentPart message={message} />}
      {message.type === 'location' && <LocationPart message={message} />}
      {message.poll && <PollPart message={message} poll={message.poll} me={me} />}
      {message.previews && <Previews previews={message.previews} />}
    </>
  )
}

function Quoted({ quote }: { quote: Quote }) {
  const t = useT()
  const { members, onJump } = useMessages()
  const author = usePerson(quote.author_id, members)
  const gone = quote.text === null || quote.text === undefined
  return (
    <button type="button" tabIndex={-1} className={styles.quote} disabled={gone} title={gone ? undefined : t('message.show_quoted')} onClick={() => onJump(quote.id)}>
      <b>{personName(t, author)}</b>
      <span dir="auto">{gone ? t('message.deleted') : withoutMarks(quote.text!)}</span>
    </button>
  )
}
