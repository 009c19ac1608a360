import { Forward } from 'lucide-react'
import { Fragment, Suspense } from 'react'
import type { Entry } from '@/api/outbox'
import { usePerson } from '@/api/queries'
import type { Message, Quote } from '@/api/types'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { AskedPart, SentPart } from './AiPart'
import styles from './Content.module.css'
import { FilePart } from './FilePart'
import { ImagePart } from './ImagePart'
import { LocationPart } from './LocationPart'
import { PollPart } from './PollPart'
import { VideoPart } from './VideoPart'

const VoicePart = lazyComponent(() => import('./VoicePart').then((file) => file.VoicePart))

/// A message's content: origin, quote, attachments and text.
export function Content({ message, entry, me }: { message: Message; entry: Entry | null; me: number }) {
  const t = useT()
  if (message.deleted) return <span>{t('message.deleted')}</span>
  const file = entry?.file?.blob ?? null
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
      {message.content && <span className={styles.text} dir="auto"><Text text={message.content} /></span>}
      {message.type === 'ai' && <SentPart message={message} />}
      {message.type === 'location' && <LocationPart message={message} />}
      {message.poll && <PollPart message={message} poll={message.poll} me={me} />}
    </>
  )
}

function Quoted({ quote }: { quote: Quote }) {
  const t = useT()
  const author = usePerson(quote.author_id)
  return (
    <blockquote className={styles.quote}>
      <b>{author?.display_name}</b>
      <span dir="auto">{quote.text ?? t('message.deleted')}</span>
    </blockquote>
  )
}

const LINK = /(https?:\/\/[^\s<>"«»]+[^\s<>"«».,;:!?)\]}'])/g

/// Plain text with clickable links, never interpreted as HTML.
function Text({ text }: { text: string }) {
  return text.split(LINK).map((part, index) =>
    index % 2
      ? <a key={index} href={part} target="_blank" rel="noopener noreferrer">{part}</a>
      : <Fragment key={index}>{part}</Fragment>)
}
