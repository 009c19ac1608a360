/// Records a voice message from the microphone, with its loudness over time.

import { waveform } from './waveform'

export interface Recording {
  blob: Blob
  type: string
  codec: string
  duration_ms: number
  /// 0 to 100.
  waveform: number[]
}

/// The longest voice message.
export const LONGEST_MS = 15 * 60_000

export interface Recorder {
  /// The loudness so far, 0 to 1, newest last.
  levels: () => number[]
  /// How long was recorded, without the pauses.
  elapsed: () => number
  /// Pauses; answers what is recorded so far.
  pause: () => Promise<Recording>
  resume: () => void
  stop: () => Promise<Recording>
  cancel: () => void
}

const KINDS = ['audio/webm;codecs=opus', 'audio/mp4;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']
const SAMPLE_MS = 50

export async function record(): Promise<Recorder> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } })
  const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one)) ?? ''
  const recorder = new MediaRecorder(stream, { mimeType: kind || undefined, audioBitsPerSecond: 32_000 })
  const parts: Blob[] = []
  let onData = () => undefined as void
  recorder.ondataavailable = ({ data }) => {
    parts.push(data)
    onData()
  }

  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const levels: number[] = []
  const timer = setInterval(() => {
    if (recorder.state !== 'recording') return
    analyser.getFloatTimeDomainData(samples)
    levels.push(loudness(samples))
  }, SAMPLE_MS)

  /// Recorded before the last pause, and when recording went on; null while paused.
  let before = 0
  let since: number | null = performance.now()
  recorder.start()
  const elapsed = () => Math.min(before + (since === null ? 0 : performance.now() - since), LONGEST_MS)
  const hold = () => {
    before = elapsed()
    since = null
  }
  const recorded = (): Recording => {
    const mime = recorder.mimeType || kind
    const type = mime.split(';')[0]!
    return { blob: new Blob(parts, { type }), type, codec: codecOf(mime), duration_ms: Math.round(before), waveform: waveform(levels) }
  }

  const release = () => {
    clearInterval(timer)
    for (const track of stream.getTracks()) track.stop()
    void context.close()
  }

  return {
    levels: () => levels,
    elapsed,
    pause: () => new Promise((resolve) => {
      hold()
      onData = () => resolve(recorded())
      recorder.pause()
      recorder.requestData()
    }),
    resume: () => {
      since = performance.now()
      recorder.resume()
    },
    stop: () => new Promise((resolve) => {
      hold()
      recorder.onstop = () => {
        release()
        resolve(recorded())
      }
      recorder.stop()
    }),
    cancel: () => {
      recorder.onstop = null
      if (recorder.state !== 'inactive') recorder.stop()
      release()
    },
  }
}

function loudness(samples: Float32Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return Math.min(1, Math.sqrt(sum / samples.length) * 4)
}

const codecOf = (mime: string) => (/opus/.test(mime) || /webm|ogg/.test(mime) ? 'opus' : 'aac')

export const extension = (type: string) => (type === 'audio/mp4' ? 'm4a' : type === 'audio/ogg' ? 'ogg' : 'webm')
