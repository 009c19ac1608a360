import { Suspense, useState } from 'react'
import { useDragOut } from '@/api/dragOut'
import { useThumbnail } from '@/api/queries'
import type { Message } from '@/api/types'
import { Placeholder } from '@/components/Placeholder'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { fit } from '@/lib/media'
import { useObjectUrl } from '@/lib/useObjectUrl'
import styles from './Media.module.css'

const Lightbox = lazyComponent(() => import('./Lightbox').then((file) => file.Lightbox))

const MAX = { width: 380, height: 360 }

/// A picture: its blurred colours first, then small, and whole once it is opened. One that moves is shown whole.
export function ImagePart({ message, local }: { message: Message; local: Blob | null }) {
  const t = useT()
  const [large, setLarge] = useState(false)
  const [drawn, setDrawn] = useState(false)
  const here = useObjectUrl(local)
  const attachment = message.attachments[0]
  const moves = attachment?.content_type === 'image/gif'
  const { data, isError, refetch } = useThumbnail(attachment && moves ? { ...attachment, has_thumbnail: false } : attachment, !local)
  const width = message.payload?.width ?? attachment?.width ?? 320
  const height = message.payload?.height ?? attachment?.height ?? 240
  const box = fit(width, height, MAX)
  const url = here ?? data
  const drag = useDragOut(attachment)
  const name = attachment?.filename ?? t('message.image')
  return (
    <>
      <button
        type="button"
        tabIndex={-1}
        data-media
        className={styles.image}
        style={{ width: box.width, aspectRatio: `${box.width} / ${box.height}` }}
        aria-label={t('message.open_image', { name })}
        onClick={() => (isError ? void refetch() : setLarge(true))}
        {...drag}
      >
        {attachment?.placeholder && !drawn && <Placeholder hash={attachment.placeholder} />}
        {url && <img src={url} alt={message.content ?? name} draggable={false} onLoad={() => setDrawn(true)} />}
        {isError && <span>{t('message.not_loaded')}</span>}
      </button>
      {large && url && <Suspense><Lightbox message={message} preview={url} onClose={() => setLarge(false)} /></Suspense>}
    </>
  )
}
