import { Suspense, useEffect, type ReactNode } from 'react'
import { expect, test, vi } from 'vitest'
import { render, until } from '@/testing/render'
import { lazyComponent } from './lazy'

const Part = ({ text }: { text: string }) => <p>{text}</p>

/// What is on the page in the end, and whether something stood for it before.
async function shown(part: ReactNode) {
  const waited = vi.fn()
  function Wait() {
    useEffect(waited)
    return <p>loading</p>
  }
  const { page } = await render(<Suspense fallback={<Wait />}>{part}</Suspense>)
  await until(() => expect(page.textContent).not.toBe('loading'))
  return { text: page.textContent, waited: waited.mock.calls.length > 0 }
}

test('what is loaded is shown at once, without what stands for it meanwhile', async () => {
  const Lazy = lazyComponent(async () => Part)
  await Lazy.load()
  expect(await shown(<Lazy text="here" />)).toEqual({ text: 'here', waited: false })
})

test('what is not loaded yet is loaded when it is shown', async () => {
  const Lazy = lazyComponent(async () => Part)
  expect(await shown(<Lazy text="here" />)).toEqual({ text: 'here', waited: true })
  expect(await shown(<Lazy text="again" />)).toEqual({ text: 'again', waited: false })
})

test('a part that could not be loaded is asked for again', async () => {
  let tries = 0
  const Lazy = lazyComponent(async () => {
    tries += 1
    if (tries === 1) throw new Error('no network')
    return Part
  })
  await Lazy.load()
  expect(tries).toBe(2)
  expect(await shown(<Lazy text="here" />)).toEqual({ text: 'here', waited: false })
})
