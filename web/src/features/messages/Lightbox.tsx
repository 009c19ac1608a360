import { useQueryClient } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import type { History } from '@/api/history'
import { keys } from '@/api/keys'
import { useBlob } from '@/api/queries'
import type { Message } from '@/api/types'
import { useBackCloses } from '@/lib/back'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { kindOf } from '@/lib/media'
import styles from './Media.module.css'

interface Props {
  message: Message
  /// Which of its files, by position.
  at?: number
  preview: string
  onClose: () => void
}

/// The pictures of a message, by their position among its files.
const picturesOf = (message: Message) => (message.deleted ? [] : message.attachments.flatMap((file, at) =>
  (kindOf(file.content_type) === 'image' && (message.type === 'image' || message.attachments.length > 1) ? [{ message, at }] : [])))

/// A picture as large as the window, with the chat's other pictures before and after it.
export function Lightbox({ message, at: first = 0, preview, onClose }: Props) {
  const t = useT()
  const cache = useQueryClient()
  const ref = useRef<HTMLDialogElement>(null)
  const [shown, setShown] = useState({ message, at: first })
  const [large, setLarge] = useState(false)
  const file = shown.message.attachments[shown.at]
  const { data } = useBlob(file?.id || undefined)
  const url = data ?? (shown.message === message && shown.at === first ? preview : undefined)
  const name = file?.filename ?? t('message.image')
  const pictures = cache.getQueryData<History>(keys.history(message.chat_id))?.items.flatMap(picturesOf) ?? []
  const at = pictures.findIndex((one) => one.message.id === shown.message.id && one.at === shown.at)
  const show = (picture: typeof shown | undefined) => {
    if (!picture) return
    setLarge(false)
    setShown(picture)
  }
  useEffect(() => {
    if (!ref.current?.open) ref.current?.showModal()
  }, [])
  useBackCloses(() => ref.current?.close())
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') show(pictures[at - 1])
    if (event.key === 'ArrowRight') show(pictures[at + 1])
    if (event.key === '+' || event.key === '=') setLarge(true)
    if (event.key === '-') setLarge(false)
  }
  return (
    <dialog
      ref={ref}
      className={styles.light}
      aria-label={name}
      onClose={onClose}
      onKeyDown={press}
      onClick={(event) => { if (event.target === event.currentTarget || (event.target as Element).matches('[data-veil]')) ref.current?.close() }}
    >
      <div data-veil className={cx(styles.stage, large && styles.zoomed)}>
        {url && <img src={url} alt={name} onClick={() => setLarge(!large)} />}
      </div>
      {at > 0 && <button type="button" className={styles.before} aria-label={t('lightbox.previous')} onClick={() => show(pictures[at - 1])}><ChevronLeft size={26} /></button>}
      {at >= 0 && at < pictures.length - 1 && <button type="button" className={styles.after} aria-label={t('lightbox.next')} onClick={() => show(pictures[at + 1])}><ChevronRight size={26} /></button>}
      <nav>
        <button type="button" aria-label={large ? t('lightbox.smaller') : t('lightbox.larger')} onClick={() => setLarge(!large)}>{large ? <ZoomOut size={20} /> : <ZoomIn size={20} />}</button>
        {url && <a href={url} download={name} aria-label={t('message.download', { name })}><Download size={20} /></a>}
        <button type="button" aria-label={t('common.close')} onClick={() => ref.current?.close()}><X size={22} /></button>
      </nav>
    </dialog>
  )
}
