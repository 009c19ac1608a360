import { useLink } from '@/api/queries'
import type { Message } from '@/api/types'
import { fit } from '@/lib/media'
import { useLocal } from './ImagePart'
import styles from './Media.module.css'

const MAX = { width: 420, height: 360 }

export function VideoPart({ message, local }: { message: Message; local: Blob | null }) {
  const here = useLocal(local)
  const { data, refetch } = useLink(message.attachments[0]?.id || undefined, !local)
  const box = fit(message.payload?.width ?? 420, message.payload?.height ?? 236, MAX)
  return (
    <video
      data-media
      className={styles.video}
      style={{ width: box.width, aspectRatio: `${box.width} / ${box.height}` }}
      src={here ?? data?.url ?? undefined}
      aria-label={message.attachments[0]?.filename}
      controls
      playsInline
      preload="metadata"
      // The signed URL expires after minutes; a paused video may outlive it.
      onError={() => { if (data) void refetch() }}
    />
  )
}
