import { useLink } from '@/api/queries'
import type { Message } from '@/api/types'
import { fit } from '@/lib/media'
import { useObjectUrl } from '@/lib/useObjectUrl'
import styles from './Media.module.css'

const MAX = { width: 420, height: 360 }

/// A film: the only file of a message, or one of several.
export function VideoPart({ message, local, at = 0 }: { message: Message; local: Blob | null; at?: number }) {
  const file = message.attachments[at]
  const here = useObjectUrl(local)
  const { data, refetch } = useLink(file?.id || undefined, !local)
  const box = fit(file?.width ?? message.payload?.width ?? 420, file?.height ?? message.payload?.height ?? 236, MAX)
  return (
    <video
      data-media
      className={styles.video}
      style={{ width: box.width, aspectRatio: `${box.width} / ${box.height}` }}
      src={here ?? data?.url ?? undefined}
      aria-label={file?.filename}
      controls
      playsInline
      preload="metadata"
      // The signed URL expires after minutes; a paused video may outlive it.
      onError={() => { if (data) void refetch() }}
    />
  )
}
