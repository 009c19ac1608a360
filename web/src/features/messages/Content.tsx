import { Fragment, Suspense } from 'react'
import type { Entry } from '@/api/outbox'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import { part } from '@/lib/part'
import styles from './Content.module.css'
import { FilePart } from './FilePart'
import { ImagePart } from './ImagePart'
import { VideoPart } from './VideoPart'

const VoicePart = part(() => import('./VoicePart').then((file) => file.VoicePart))

/// What a message says: its file, if it has one, and its text.
export function Content({ message, entry }: { message: Message; entry: Entry | null }) {
  const t = useT()
  if (message.deleted) return <span>{t('message.deleted')}</span>
  const file = entry?.file?.blob ?? null
  return (
    <>
      {message.type === 'image' && <ImagePart message={message} local={file} />}
      {message.type === 'video' && <VideoPart message={message} local={file} />}
      {message.type === 'file' && <FilePart message={message} />}
      {message.type === 'voice' && <Suspense fallback={<div className={styles.voice} />}><VoicePart message={message} local={file} /></Suspense>}
      {message.content && <span className={styles.text} dir="auto"><Text text={message.content} /></span>}
    </>
  )
}

const LINK = /(https?:\/\/[^\s<>"«»]+[^\s<>"«».,;:!?)\]}'])/g

/// Plain text, with its links made so. Nothing of it is ever read as HTML.
function Text({ text }: { text: string }) {
  return text.split(LINK).map((part, index) =>
    index % 2
      ? <a key={index} href={part} target="_blank" rel="noopener noreferrer">{part}</a>
      : <Fragment key={index}>{part}</Fragment>)
}
