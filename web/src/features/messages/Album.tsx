import { Suspense, useState } from 'react'
import { useDragOut } from '@/api/dragOut'
import { useThumbnail } from '@/api/queries'
import type { Attachment, Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { kindOf } from '@/lib/media'
import { useObjectUrl } from '@/lib/useObjectUrl'
import { FilePart } from './FilePart'
import styles from './Media.module.css'
import { VideoPart } from './VideoPart'

const Lightbox = lazyComponent(() => import('./Lightbox').then((file) => file.Lightbox))

/// Several files in one message: pictures as a mosaic, then films, then other files, each kind in its order.
export function Album({ message, local }: { message: Message; local: Blob[] }) {
  const [open, setOpen] = useState<{ at: number; preview: string } | null>(null)
  const files = message.attachments.map((file, at) => ({ file, at, kind: kindOf(file.content_type) }))
  const pictures = files.filter(({ kind }) => kind === 'image')
  return (
    <>
      {pictures.length > 0 && (
        <div data-media className={styles.album} data-rest={pictures.length % 3}>
          {pictures.map(({ file, at }) => <Picture key={at} file={file} local={local[at] ?? null} onOpen={(preview) => setOpen({ at, preview })} />)}
        </div>
      )}
      {files.filter(({ kind }) => kind === 'video').map(({ at }) => <VideoPart key={at} message={message} at={at} local={local[at] ?? null} />)}
      {files.filter(({ kind }) => kind === 'file').map(({ file, at }) => <FilePart key={at} file={file} />)}
      {open && <Suspense><Lightbox message={message} at={open.at} preview={open.preview} onClose={() => setOpen(null)} /></Suspense>}
    </>
  )
}

function Picture({ file, local, onOpen }: { file: Attachment; local: Blob | null; onOpen: (preview: string) => void }) {
  const t = useT()
  const here = useObjectUrl(local)
  const { data, isError, refetch } = useThumbnail(file, !local)
  const url = here ?? data
  const drag = useDragOut(file)
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-label={t('message.open_image', { name: file.filename })}
      onClick={() => (isError ? void refetch() : url && onOpen(url))}
      {...drag}
    >
      {url && <img src={url} alt="" draggable={false} />}
      {isError && <span>{t('message.not_loaded')}</span>}
    </button>
  )
}
