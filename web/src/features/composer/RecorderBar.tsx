import { ArrowUp, Mic, Pause, Trash2 } from 'lucide-react'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { toast } from 'sonner'
import { IconButton } from '@/components/Button'
import { Player } from '@/components/Player'
import { Waveform } from '@/components/Waveform'
import { length } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { LONGEST_MS, record, type Recorder, type Recording } from '@/lib/recorder'
import { useAudio } from '@/lib/useAudio'
import { useObjectUrl } from '@/lib/useObjectUrl'
import styles from './Composer.module.css'

const BARS = 140
/// A recording that was begun by mistake.
const SHORTEST_MS = 400

interface Props {
  onSend: (recording: Recording) => void
  onCancel: () => void
}

/// Records immediately. It can be paused, heard and continued; then it is sent or deleted.
export function RecorderBar({ onSend, onCancel }: Props) {
  const t = useT()
  const recorder = useRef<Recorder | null>(null)
  const [levels, setLevels] = useState<number[]>([])
  const [elapsed, setElapsed] = useState(0)
  /// What is recorded so far, while paused.
  const [paused, setPaused] = useState<Recording | null>(null)

  const cancel = useEffectEvent(onCancel)
  const pause = async () => setPaused(await recorder.current?.pause() ?? null)
  const resume = () => {
    recorder.current?.resume()
    setPaused(null)
  }
  const finish = async () => {
    const done = recorder.current
    recorder.current = null
    if (!done) return
    const voice = await done.stop()
    if (voice.duration_ms < SHORTEST_MS) onCancel()
    else onSend(voice)
  }

  const tick = useEffectEvent(() => {
    if (!recorder.current || paused) return
    setLevels(recorder.current.levels().slice(-BARS))
    setElapsed(recorder.current.elapsed())
    if (recorder.current.elapsed() >= LONGEST_MS) void pause()
  })
  useEffect(() => {
    let over = false
    record().then((started) => {
      if (over) return started.cancel()
      recorder.current = started
    }).catch(() => {
      if (over) return
      toast.error(t(isSecureContext ? 'voice.refused' : 'voice.insecure'))
      cancel()
    })
    const timer = setInterval(() => tick(), 80)
    return () => {
      over = true
      clearInterval(timer)
      recorder.current?.cancel()
      recorder.current = null
    }
  }, [t])

  const bars = [...Array.from({ length: BARS - levels.length }, () => 0), ...levels.map((level) => level * 100)]
  return (
    <div
      className={styles.composer}
      role="group"
      aria-label={t('voice.recording')}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        // Minutes of speech are not lost by one key.
        if (paused || elapsed < SHORTEST_MS) onCancel()
        else void pause()
      }}
    >
      <span className="visually-hidden" role="status">{paused ? t('voice.paused') : ''}</span>
      <div className={styles.recorder} data-paused={paused ? true : undefined}>
        <IconButton label={t('voice.discard')} onClick={onCancel}><Trash2 size={20} /></IconButton>
        {paused
          ? <Preview key={paused.duration_ms} recording={paused} />
          : <><time>{length(elapsed)}</time><span className={styles.levels}><Waveform bars={bars} played={1} /></span></>}
        {paused
          ? <IconButton label={t('voice.resume')} disabled={paused.duration_ms >= LONGEST_MS} onClick={resume}><Mic size={20} /></IconButton>
          : <IconButton label={t('voice.hold')} onClick={() => void pause()}><Pause size={20} /></IconButton>}
        <button type="button" className={styles.send} aria-label={t('voice.send')} autoFocus onClick={() => void finish()}><ArrowUp size={22} /></button>
      </div>
    </div>
  )
}

/// What is recorded so far, to listen to.
function Preview({ recording: { blob, duration_ms, waveform } }: { recording: Recording }) {
  const url = useObjectUrl(blob)
  const [wanted, setWanted] = useState(false)
  const audio = useAudio(url, duration_ms / 1000, wanted, () => setWanted(true))
  return <Player audio={audio} duration={duration_ms / 1000} waveform={waveform} />
}
