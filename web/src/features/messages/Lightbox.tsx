import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from 'lucide-react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, type KeyboardEvent, type MouseEvent } from 'react'
import { toast } from 'sonner'
import { useDragOut } from '@/api/dragOut'
import { useBlob, useThumbnail } from '@/api/queries'
import { saveFile } from '@/api/save'
import type { Message } from '@/api/types'
import { useBackCloses } from '@/lib/back'
import { useT } from '@/lib/i18n'
import { shell } from '@/lib/shell'
import styles from './Media.module.css'
import { usePictures } from './usePictures'
import { useZoom } from './useZoom'

interface Props {
  message: Message
  /// Which of its files, by position.
  at?: number
  preview: string
  onClose: () => void
}

/// A picture as large as the window, with the chat's other pictures before and after it.
export function Lightbox({ message, at: first = 0, preview, onClose }: Props) {
  const t = useT()
  const cache = useQueryClient()
  const ref = useRef<HTMLDialogElement>(null)
  const { shown, step, hasPrevious, hasNext } = usePictures(message, first)
  const file = shown.message.attachments[shown.at]
  const { data } = useBlob(file?.id || undefined)
  const { data: small } = useThumbnail(file, file?.has_thumbnail ?? false)
  const url = data ?? (shown.message === message && shown.at === first ? preview : small)
  const name = file?.filename ?? t('message.image')
  const drag = useDragOut(file)
  const { stage, picture, view, moved, reset, larger, smaller } = useZoom(step)
  const show = (by: 1 | -1) => { if (step(by)) reset() }
  useEffect(() => {
    if (!ref.current?.open) ref.current?.showModal()
  }, [])
  useBackCloses(() => ref.current?.close())
  const press = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') show(-1)
    if (event.key === 'ArrowRight') show(1)
    if (event.key === '+' || event.key === '=') larger()
    if (event.key === '-') smaller()
    if (event.key === '0') reset()
  }
  const click = (event: MouseEvent) => {
    if (!moved.current && (event.target as Element).matches('[data-veil]')) ref.current?.close()
  }
  // The app asks where to; a browser saves what it has.
  const save = (event: MouseEvent) => {
    if (!shell().desktop || !file?.id) return
    event.preventDefault()
    void saveFile(cache, file.id, name).catch(() => toast.error(t('file.failed')))
  }
  const width = file?.width ?? shown.message.payload?.width
  const height = file?.height ?? shown.message.payload?.height
  return (
    <dialog ref={ref} className={styles.light} aria-label={name} onClose={onClose} onKeyDown={press} onClick={click}>
      <div ref={stage} data-veil data-zoomed={view.scale > 1 || undefined} className={styles.stage}>
        {url && (
          <img
            key={`${shown.message.id} ${shown.at}`}
            ref={picture}
            src={url}
            alt={shown.message.content ?? name}
            draggable={false}
            width={width ?? undefined}
            height={height ?? undefined}
            style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}
          />
        )}
      </div>
      {hasPrevious && <button type="button" className={styles.before} aria-label={t('lightbox.previous')} onClick={() => show(-1)}><ChevronLeft size={26} /></button>}
      {hasNext && <button type="button" className={styles.after} aria-label={t('lightbox.next')} onClick={() => show(1)}><ChevronRight size={26} /></button>}
      <nav>
        <button type="button" aria-label={t('lightbox.smaller')} disabled={view.scale === 1} onClick={smaller}><ZoomOut size={20} /></button>
        <button type="button" aria-label={t('lightbox.larger')} onClick={larger}><ZoomIn size={20} /></button>
        {url && <a href={data ?? url} download={name} onClick={save} aria-label={t('message.download', { name })} {...drag}><Download size={20} /></a>}
        <button type="button" aria-label={t('common.close')} onClick={() => ref.current?.close()}><X size={22} /></button>
      </nav>
    </dialog>
  )
}
