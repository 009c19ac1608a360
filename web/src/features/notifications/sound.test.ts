import { beforeEach, expect, test, vi } from 'vitest'

const started: number[] = []

class FakeAudio {
  static state = 'running'
  static now = 0
  destination = {}
  get state() { return FakeAudio.state }
  get currentTime() { return FakeAudio.now }
  resume = async () => undefined
  createGain = () => ({
    gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} },
    connect: (to: unknown) => to,
  })
  createOscillator = () => ({
    frequency: { value: 0 },
    connect: (to: unknown) => to,
    start: (at: number) => started.push(at),
    stop() {},
  })
}

async function fresh() {
  vi.resetModules()
  return (await import('./sound')).playSound
}

beforeEach(() => {
  started.length = 0
  FakeAudio.state = 'running'
  FakeAudio.now = 0
  vi.stubGlobal('AudioContext', FakeAudio)
})

test('sounds asked for at once are one sound, a later one is another', async () => {
  const playSound = await fresh()
  for (let chat = 0; chat < 3; chat++) playSound()
  expect(started).toEqual([0, 0.09])
  FakeAudio.now = 5
  playSound()
  expect(started).toEqual([0, 0.09, 5, 5.09])
})

test('what the browser kept silent does not sound all together at the first press', async () => {
  const playSound = await fresh()
  FakeAudio.state = 'suspended'
  for (let message = 0; message < 50; message++) playSound()
  expect(started).toHaveLength(2)
})
