/// Renders components in tests as the page does.

import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { act, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, vi } from 'vitest'
import { cacheOf } from '@/api/fixtures'
import { connect } from '@/api/http'
import { loadTexts, TextsContext } from '@/lib/i18n'

;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true

let roots: Root[] = []

afterEach(async () => {
  await act(async () => roots.forEach((root) => root.unmount()))
  roots = []
  document.body.replaceChildren()
})

export async function render(element: ReactNode, cache: QueryClient = cacheOf()): Promise<HTMLElement> {
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
  const texts = await loadTexts('en')
  const place = document.createElement('div')
  document.body.append(place)
  const root = createRoot(place)
  roots.push(root)
  await act(async () => root.render(
    <QueryClientProvider client={cache}><TextsContext value={texts}>{element}</TextsContext></QueryClientProvider>,
  ))
  return place
}

/// Waits until the page shows what is expected.
export const settle = (expectation: () => void) => vi.waitFor(async () => {
  await act(async () => { await new Promise((resolve) => setTimeout(resolve)) })
  expectation()
}, { timeout: 5_000 })

export const click = (target: Element) => act(async () => (target as HTMLElement).click())

export async function type(field: HTMLInputElement | HTMLTextAreaElement, text: string): Promise<void> {
  const prototype = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype
  await act(async () => {
    Object.getOwnPropertyDescriptor(prototype, 'value')!.set!.call(field, text)
    field.setSelectionRange?.(text.length, text.length)
    field.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

export const press = (target: Element, key: string) =>
  act(async () => { target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })) })

/// A button by its accessible name or its text.
export function button(name: string | RegExp, within: ParentNode = document): HTMLButtonElement {
  const says = (text: string | null) => text !== null && (typeof name === 'string' ? text.trim() === name : name.test(text))
  const found = [...within.querySelectorAll('button')].find((one) => says(one.getAttribute('aria-label')) || says(one.textContent))
  if (!found) throw new Error(`no button ${String(name)} in ${[...within.querySelectorAll('button')].map((one) => one.getAttribute('aria-label') ?? one.textContent).join(' | ')}`)
  return found
}

export interface Asked {
  method: string
  path: string
  query: URLSearchParams
  body: unknown
}

/// A server that answers by `METHOD /path`; what it was asked is recorded.
export function serve(answers: Record<string, unknown | ((asked: Asked) => unknown)>): Asked[] {
  const log: Asked[] = []
  vi.stubGlobal('fetch', vi.fn(async (target: string, init: RequestInit) => {
    const url = new URL(target, 'http://server')
    const asked: Asked = {
      method: init.method ?? 'GET',
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: typeof init.body === 'string' ? JSON.parse(init.body) as unknown : null,
    }
    log.push(asked)
    const answer = answers[`${asked.method} ${asked.path}`]
    if (answer === undefined) return new Response('{"detail":"","code":"not_found"}', { status: 404 })
    const body = typeof answer === 'function' ? (answer as (asked: Asked) => unknown)(asked) : answer
    return body === null ? new Response(null, { status: 204 }) : new Response(JSON.stringify(body), { status: 200 })
  }))
  return log
}
