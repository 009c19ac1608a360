import { Forward } from 'lucide-react'
import { Suspense } from 'react'
import type { Entry } from '@/api/outbox'
import { usePerson } from '@/api/queries'
import type { Message, Quote } from '@/api/types'
import { RichText } from '@/components/RichText'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { withoutMarks } from '@/lib/markdown'
import { useOpenPerson } from '@/lib/person'
import { AskedPart, SentPart } from './AiPart'
import styles from './Content.module.css'
import { useMessages } from './context'
import { FilePart } from './FilePart'
import { ImagePart } from './ImagePart'
import { LocationPart } from './LocationPart'
import { PollPart } from './PollPart'
import { Previews } from './Previews'
import { VideoPart } from './VideoPart'

const VoicePart = lazyComponent(() => import('./VoicePart').then((file) => file.VoicePart))

/// A message's content: origin, quote, attachments and text.
export function Content({ message, entry, me }: { message: Message; entry: Entry | null; me: number }) {
  const t = useT()
  const { members, me: user } = useMessages()
  const openPerson = useOpenPerson()
  if (message.deleted) return <span>{t('message.deleted')}</span>
  const file = entry?.file?.blob ?? null
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
      {message.type === 'image' && <ImagePart message={message} local={file} />}
      {message.type === 'video' && <VideoPart message={message} local={file} />}
      {message.type === 'file' && <FilePart file={message.attachments[0]} />}
      {message.type === 'voice' && <Suspense fallback={<div className={styles.voice} />}><VoicePart message={message} local={file} /></Suspense>}
      {/* The first attachment is drawn above by type; the others follow as files. */}
      {message.attachments.slice(1).map((file) => <FilePart key={file.id} file={file} />)}
      {message.content && <RichText text={message.content} me={user.username} mentions={mentions} onMention={open} />}
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
      <b>{author?.display_name}</b>
      <span dir="auto">{gone ? t('message.deleted') : withoutMarks(quote.text!)}</span>
    </button>
  )
}
