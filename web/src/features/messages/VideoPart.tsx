import { Play } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useDragOut } from '@/api/dragOut'
import { useBlob, useLink, useThumbnail } from '@/api/queries'
import type { Message } from '@/api/types'
import { Placeholder } from '@/components/Placeholder'
import { length } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { fit } from '@/lib/media'
import { shell } from '@/lib/shell'
import { useObjectUrl } from '@/lib/useObjectUrl'
import styles from './Media.module.css'

const MAX = { width: 420, height: 360 }
const SPEEDS = [1, 1.5, 2]

/// A video, the only file of a message or one of several: a still until it is played; the whole file is asked for only then.
export function VideoPart({ message, local, at = 0 }: { message: Message; local: Blob | null; at?: number }) {
  const t = useT()
  const here = useObjectUrl(local)
  const [started, setStarted] = useState(false)
  const [speed, setSpeed] = useState(1)
  const video = useRef<HTMLVideoElement>(null)
  const file = message.attachments[at]
  const { data: poster } = useThumbnail(file, !local)
  const drag = useDragOut(file)
  // The players of the app's webviews know no scheme of ours: they get the whole file.
  const isWhole = shell().desktop !== null
  const { data, refetch } = useLink(file?.id || undefined, !local && !isWhole)
  const { data: whole } = useBlob(file?.id || undefined, !local && isWhole && (started || !file?.has_thumbnail))
  const box = fit(file?.width ?? message.payload?.width ?? 420, file?.height ?? message.payload?.height ?? 236, MAX)
  const url = here ?? whole ?? data?.url ?? undefined
  const ms = file?.duration_ms ?? message.payload?.duration_ms
  const name = file?.filename ?? t('message.video')
  // With a thumbnail nothing of the file is needed; otherwise the browser draws its first frame.
  const source = started || !file?.has_thumbnail ? url && (started ? url : `${url}#t=0.1`) : undefined

  useEffect(() => {
    if (!started || !video.current) return
    video.current.focus()
    void video.current.play().catch(() => undefined)
  }, [started])

  const faster = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length]!
    setSpeed(next)
    if (video.current) video.current.playbackRate = next
  }
  return (
    <div data-media className={styles.video} style={{ width: box.width, aspectRatio: `${box.width} / ${box.height}` }}>
      {!started && file?.placeholder && <Placeholder hash={file.placeholder} />}
      <video
        ref={video}
        src={source}
        poster={poster}
        aria-label={name}
        controls={started}
        tabIndex={started ? 0 : -1}
        playsInline
        preload={started ? 'auto' : 'metadata'}
        // The signed URL expires after minutes; a paused video may outlive it.
        onError={() => { if (data) void refetch() }}
        onPlay={(event) => { event.currentTarget.playbackRate = speed }}
      />
      {started
        ? <button type="button" tabIndex={-1} className={styles.rate} aria-label={t('voice.speed', { speed })} onClick={faster}>{speed}×</button>
        : (
          <button type="button" tabIndex={-1} className={styles.start} aria-label={t('video.play', { name })} disabled={!url && !isWhole} onClick={() => setStarted(true)} {...drag}>
            <span><Play size={26} fill="currentColor" /></span>
            {ms ? <small>{length(ms)}</small> : null}
          </button>
        )}
    </div>
  )
}
