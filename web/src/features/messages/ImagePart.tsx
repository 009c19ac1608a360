import { Suspense, useState } from 'react'
import { useThumbnail } from '@/api/queries'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { fit } from '@/lib/media'
import { useObjectUrl } from '@/lib/useObjectUrl'
import styles from './Media.module.css'

const Lightbox = lazyComponent(() => import('./Lightbox').then((file) => file.Lightbox))

const MAX = { width: 380, height: 360 }

/// A picture: small here, whole once it is opened. One that moves is shown whole.
export function ImagePart({ message, local }: { message: Message; local: Blob | null }) {
  const t = useT()
  const [large, setLarge] = useState(false)
  const here = useObjectUrl(local)
  const attachment = message.attachments[0]
  const moves = attachment?.content_type === 'image/gif'
  const { data, isError, refetch } = useThumbnail(attachment && moves ? { ...attachment, has_thumbnail: false } : attachment, !local)
  const { width = 320, height = 240 } = message.payload ?? {}
  const box = fit(width, height, MAX)
  const url = here ?? data
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
      >
        {url && <img src={url} alt={message.content ?? name} />}
        {isError && <span>{t('message.not_loaded')}</span>}
      </button>
      {large && url && <Suspense><Lightbox message={message} preview={url} onClose={() => setLarge(false)} /></Suspense>}
    </>
  )
}
