import { ArrowUp, Trash2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { toast } from 'sonner'
import { IconButton } from '@/components/Button'
import { Waveform } from '@/components/Waveform'
import { length } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { record, type Recorder, type Recording } from '@/lib/recorder'
import styles from './Composer.module.css'

const BARS = 140
const LONGEST_MS = 15 * 60_000

interface Props {
  onSend: (recording: Recording) => void
  onCancel: () => void
}

/// Records immediately; then sends or discards.
export function RecorderBar({ onSend, onCancel }: Props) {
  const t = useT()
  const recorder = useRef<Recorder | null>(null)
  const [levels, setLevels] = useState<number[]>([])
  const [elapsed, setElapsed] = useState(0)
  const cancel = useRef(onCancel)

  useEffect(() => {
    let over = false
    record().then((started) => {
      if (over) return started.cancel()
      recorder.current = started
    }).catch(() => {
      if (over) return
      toast.error(t(isSecureContext ? 'voice.refused' : 'voice.insecure'))
      cancel.current()
    })
    const timer = setInterval(() => {
      if (!recorder.current) return
      setLevels(recorder.current.levels().slice(-BARS))
      setElapsed(Math.min(recorder.current.elapsed(), LONGEST_MS))
    }, 80)
    return () => {
      over = true
      clearInterval(timer)
      recorder.current?.cancel()
      recorder.current = null
    }
  }, [t])

  const finish = async () => {
    const done = recorder.current
    recorder.current = null
    if (!done) return
    const voice = await done.stop()
    if (voice.duration_ms < 400) onCancel()
    else onSend(voice)
  }

  const bars = [...Array.from({ length: BARS - levels.length }, () => 0), ...levels.map((level) => level * 100)]
  return (
    <div
      className={styles.composer}
      role="group"
      aria-label={t('voice.recording')}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onCancel()
      }}
    >
      <div className={styles.recorder}>
        <IconButton label={t('voice.discard')} onClick={onCancel}><Trash2 size={20} /></IconButton>
        <time>{length(elapsed)}</time>
        <span className={styles.levels}><Waveform bars={bars} played={1} /></span>
        <button type="button" className={styles.send} aria-label={t('voice.send')} autoFocus onClick={() => void finish()}><ArrowUp size={22} /></button>
      </div>
    </div>
  )
}
