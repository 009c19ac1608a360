import { beforeEach, expect, test, vi } from 'vitest'
import { LONGEST_MS, type Recording } from '@/lib/recorder'
import { button, click, press, render, until } from '@/testing/render'

const recorder = vi.hoisted(() => ({ length: 1_000, levels: () => [0.5], elapsed: () => recorder.length, pause: vi.fn(), resume: vi.fn(), stop: vi.fn(), cancel: vi.fn() }))
vi.mock('@/lib/recorder', async (original) => ({ ...await original<object>(), record: async () => recorder }))

import { RecorderBar } from './RecorderBar'

const recording = (): Recording => ({ blob: new Blob(['x']), type: 'audio/webm', codec: 'opus', duration_ms: recorder.length, waveform: [1, 100] })

beforeEach(() => {
  recorder.length = 1_000
  recorder.pause.mockImplementation(async () => recording())
  recorder.stop.mockImplementation(async () => recording())
})

test('a recording is paused, can be heard, continued and sent', async () => {
  const send = vi.fn()
  const { page } = await render(<RecorderBar onSend={send} onCancel={() => undefined} />)
  await until(() => expect(page.querySelector('time')?.textContent).toBe('0:01'))
  await click(button('Приостановить запись'))
  expect(button('Слушать')).toBeTruthy()
  expect(page.querySelector('[role=status]')?.textContent).toContain('приостановлена')
  await click(button('Продолжить запись'))
  expect(recorder.resume).toHaveBeenCalled()
  expect(() => button('Слушать')).toThrow()
  await click(button('Отправить запись'))
  expect(send).toHaveBeenCalledWith(expect.objectContaining({ duration_ms: 1_000 }))
})

test('Esc pauses first and deletes only what is paused', async () => {
  const cancel = vi.fn()
  const { page } = await render(<RecorderBar onSend={() => undefined} onCancel={cancel} />)
  await until(() => expect(page.querySelector('time')?.textContent).toBe('0:01'))
  await press(button('Отправить запись'), 'Escape')
  expect(cancel).not.toHaveBeenCalled()
  await press(button('Продолжить запись'), 'Escape')
  expect(cancel).toHaveBeenCalled()
})

test('at the longest length it pauses by itself and cannot go on', async () => {
  recorder.length = LONGEST_MS
  await render(<RecorderBar onSend={() => undefined} onCancel={() => undefined} />)
  await until(() => expect(button('Продолжить запись').disabled).toBe(true))
})
