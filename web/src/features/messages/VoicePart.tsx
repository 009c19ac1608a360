import { useState } from 'react'
import { useDragOut } from '@/api/dragOut'
import { useBlob } from '@/api/queries'
import type { Message } from '@/api/types'
import { Player } from '@/components/Player'
import { useAudio } from '@/lib/useAudio'
import { useObjectUrl } from '@/lib/useObjectUrl'

/// A voice message, which is loaded when it is first played.
export function VoicePart({ message, local }: { message: Message; local: Blob | null }) {
  const here = useObjectUrl(local)
  const [wanted, setWanted] = useState(false)
  const drag = useDragOut(message.attachments[0])
  const { data, isLoading } = useBlob(message.attachments[0]?.id || undefined, wanted && !here)
  const duration = (message.payload?.duration_ms ?? 0) / 1000
  const audio = useAudio(here ?? data, duration, wanted, () => setWanted(true))
  return <Player audio={audio} duration={duration} waveform={message.payload?.waveform} loading={wanted && isLoading} handle={drag} />
}
