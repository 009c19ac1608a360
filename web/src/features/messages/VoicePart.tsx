import { Pause, Play } from 'lucide-react'
import type { Message } from '@/api/types'
import { Spinner } from '@/components/Button'
import { Waveform } from '@/components/Waveform'
import { length } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { squeeze } from '@/lib/waveform'
import { useObjectUrl } from '@/lib/useObjectUrl'
import styles from './Media.module.css'
import { usePlayer } from './usePlayer'

const BARS = 44
const FLAT = Array.from({ length: BARS }, () => 20)

export function VoicePart({ message, local }: { message: Message; local: Blob | null }) {
  const t = useT()
  const here = useObjectUrl(local)
  const duration = (message.payload?.duration_ms ?? 0) / 1000
  const player = usePlayer(message.attachments[0]?.id || undefined, here, duration)
  const waveform = message.payload?.waveform
  return (
    <div className={styles.voice}>
      <button
        type="button"
        className={styles.play}
        aria-label={player.playing ? t('voice.pause') : t('voice.play')}
        onClick={player.toggle}
      >
        {player.loading ? <Spinner /> : player.playing ? <Pause size={22} fill="currentColor" /> : <Play size={22} fill="currentColor" />}
      </button>
      <span className={styles.track}>
        <Waveform bars={waveform?.length ? squeeze(waveform, BARS) : FLAT} played={player.position / (duration || 1)} />
        <input
          type="range"
          min={0}
          max={duration || 1}
          step={0.1}
          value={player.position}
          aria-label={t('voice.seek')}
          aria-valuetext={length(player.position * 1000)}
          onChange={(event) => player.seek(Number(event.target.value))}
        />
      </span>
      <span className={styles.lengths}>
        <span>{length((player.position > 0 ? player.position : duration) * 1000)}</span>
        {player.position > 0 && (
          <button type="button" className={styles.speed} aria-label={t('voice.speed', { speed: player.speed })} onClick={player.faster}>
            {player.speed}×
          </button>
        )}
      </span>
    </div>
  )
}
