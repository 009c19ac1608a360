import { beforeEach, expect, test, vi } from 'vitest'
import { record } from './recorder'

class FakeMediaRecorder {
  static isTypeSupported = () => true
  state = 'inactive'
  mimeType = 'audio/webm;codecs=opus'
  ondataavailable: ((event: { data: Blob }) => void) | null = null
  onstop: (() => void) | null = null
  private chunk = 0
  start() { this.state = 'recording' }
  pause() { this.state = 'paused' }
  resume() { this.state = 'recording' }
  requestData() { queueMicrotask(() => this.ondataavailable?.({ data: new Blob([String(++this.chunk)]) })) }
  stop() {
    this.requestData()
    this.state = 'inactive'
    queueMicrotask(() => this.onstop?.())
  }
}
const stopTrack = vi.fn()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  vi.stubGlobal('MediaRecorder', FakeMediaRecorder)
  vi.stubGlobal('AudioContext', class {
    createAnalyser = () => ({ fftSize: 0, getFloatTimeDomainData: (samples: Float32Array) => samples.fill(0.1) })
    createMediaStreamSource = () => ({ connect: () => undefined })
    close = async () => undefined
  })
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: async () => ({ getTracks: () => [{ stop: stopTrack }] }) } })
})

test('pauses are neither in the length nor in the waveform, and what was recorded can be heard in between', async () => {
  const recorder = await record()
  await vi.advanceTimersByTimeAsync(1_000)
  const heard = await recorder.pause()
  expect([heard.duration_ms, await heard.blob.text(), recorder.levels().length]).toEqual([1_000, '1', 20])
  await vi.advanceTimersByTimeAsync(60_000)
  expect([recorder.elapsed(), recorder.levels().length]).toEqual([1_000, 20])
  recorder.resume()
  await vi.advanceTimersByTimeAsync(500)
  const sent = await recorder.stop()
  expect([sent.duration_ms, await sent.blob.text(), sent.type, sent.codec]).toEqual([1_500, '12', 'audio/webm', 'opus'])
  expect(stopTrack).toHaveBeenCalled()
})

test('what is paused can be sent without going on', async () => {
  const recorder = await record()
  await vi.advanceTimersByTimeAsync(2_000)
  await recorder.pause()
  await vi.advanceTimersByTimeAsync(9_000)
  expect((await recorder.stop()).duration_ms).toBe(2_000)
})
