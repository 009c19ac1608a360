import { Pause, Play } from 'lucide-react'
import type { ComponentProps } from 'react'
import { length } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import type { Audio } from '@/lib/useAudio'
import { spread } from '@/lib/waveform'
import { Spinner } from './Button'
import styles from './Player.module.css'
import { Waveform } from './Waveform'

const BARS = 44
const FLAT = Array.from({ length: BARS }, () => 20)

interface Props {
  audio: Audio
  /// In seconds.
  duration: number
  /// 0 to 100.
  waveform?: number[]
  loading?: boolean
  /// What else its button does: the waveform is moved in already.
  handle?: ComponentProps<'button'>
}

/// A recording: play and pause, its waveform to seek in, and its length.
export function Player({ audio, duration, waveform, loading = false, handle }: Props) {
  const t = useT()
  return (
    <div className={styles.player}>
      <button type="button" className={styles.play} aria-label={audio.playing ? t('voice.pause') : t('voice.play')} onClick={audio.toggle} {...handle}>
        {loading ? <Spinner /> : audio.playing ? <Pause size={22} fill="currentColor" /> : <Play size={22} fill="currentColor" />}
      </button>
      <span className={styles.track}>
        <Waveform bars={waveform?.length ? spread(waveform, BARS) : FLAT} played={audio.position / (duration || 1)} />
        <input
          type="range"
          min={0}
          max={duration || 1}
          step={0.1}
          value={audio.position}
          aria-label={t('voice.seek')}
          aria-valuetext={length(audio.position * 1000)}
          onChange={(event) => audio.seek(Number(event.target.value))}
        />
      </span>
      <span className={styles.lengths}>
        <span>{length((audio.position > 0 ? audio.position : duration) * 1000)}</span>
        {audio.position > 0 && (
          <button type="button" className={styles.speed} aria-label={t('voice.speed', { speed: audio.speed })} onClick={audio.faster}>
            {audio.speed}×
          </button>
        )}
      </span>
    </div>
  )
}
