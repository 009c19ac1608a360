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

export interface Recorder {
  /// The loudness so far, 0 to 1, newest last.
  levels: () => number[]
  elapsed: () => number
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
  recorder.ondataavailable = ({ data }) => parts.push(data)

  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const levels: number[] = []
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    levels.push(loudness(samples))
  }, SAMPLE_MS)

  const started = performance.now()
  recorder.start()

  const release = () => {
    clearInterval(timer)
    for (const track of stream.getTracks()) track.stop()
    void context.close()
  }

  return {
    levels: () => levels,
    elapsed: () => performance.now() - started,
    stop: () => new Promise((resolve) => {
      const duration_ms = Math.round(performance.now() - started)
      recorder.onstop = () => {
        release()
        const type = (recorder.mimeType || kind).split(';')[0]!
        resolve({ blob: new Blob(parts, { type }), type, codec: codecOf(recorder.mimeType || kind), duration_ms, waveform: waveform(levels) })
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
