import { useEffect, useMemo, useState } from 'react'
import { useBlob } from '@/api/queries'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import { fit } from '@/lib/media'
import { Lightbox } from './Lightbox'
import styles from './Media.module.css'

const MAX = { width: 380, height: 360 }

/// A blob: URL for a local file.
export function useLocal(blob: Blob | null): string | undefined {
  const url = useMemo(() => (blob ? URL.createObjectURL(blob) : undefined), [blob])
  useEffect(() => () => {
    // Later, so that the server's copy can be shown first.
    if (url) setTimeout(() => URL.revokeObjectURL(url), 5_000)
  }, [url])
  return url
}

export function ImagePart({ message, local }: { message: Message; local: Blob | null }) {
  const t = useT()
  const [large, setLarge] = useState(false)
  const here = useLocal(local)
  const { data, isError, refetch } = useBlob(message.attachments[0]?.id || undefined, !local)
  const { width = 320, height = 240 } = message.payload ?? {}
  const box = fit(width, height, MAX)
  const url = here ?? data
  const name = message.attachments[0]?.filename ?? t('message.image')
  return (
    <>
      <button
        type="button"
        data-media
        className={styles.image}
        style={{ width: box.width, aspectRatio: `${box.width} / ${box.height}` }}
        aria-label={t('message.open_image', { name })}
        onClick={() => (isError ? void refetch() : setLarge(true))}
      >
        {url && <img src={url} alt={message.content ?? name} />}
        {isError && <span>{t('message.not_loaded')}</span>}
      </button>
      {large && url && <Lightbox url={url} name={name} onClose={() => setLarge(false)} />}
    </>
  )
}
