/// Renders components in tests with real texts, a query cache, and a server whose answers the test gives.

import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { act, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, vi } from 'vitest'
import { cacheOf } from '@/api/fixtures'
import { connect } from '@/api/http'
import type { Chat } from '@/api/types'
import { loadTexts, TextsContext } from '@/lib/i18n'

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean
}
globalThis.IS_REACT_ACT_ENVIRONMENT = true
// happy-dom has dialogs, but does not know the top layer.
HTMLDialogElement.prototype.showModal ??= function () { this.setAttribute('open', '') }

let roots: Root[] = []

afterEach(async () => {
  await act(async () => roots.forEach((root) => root.unmount()))
  roots = []
  document.body.replaceChildren()
})

interface Options {
  language?: string
  chats?: Chat[]
  cache?: QueryClient
}

export async function render(node: ReactNode, { language = 'ru', chats, cache = cacheOf({ chats }) }: Options = {}) {
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
  const texts = await loadTexts(language)
  const page = document.createElement('div')
  document.body.append(page)
  const root = createRoot(page)
  roots.push(root)
  await act(async () => root.render(
    <QueryClientProvider client={cache}><TextsContext value={texts}>{node}</TextsContext></QueryClientProvider>,
  ))
  await settle()
  return { page, cache, texts }
}

/// Lets answers arrive and effects run: the query cache notifies in a task of its own.
export const settle = () => act(async () => {
  for (let task = 0; task < 4; task++) await new Promise((resolve) => setTimeout(resolve))
})

const PATIENCE_MS = 5_000

/// Waits until the page meets an expectation.
export async function until(expectation: () => void): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    await act(async () => { await new Promise((resolve) => setTimeout(resolve, 10)) })
    try {
      return expectation()
    } catch (error) {
      if (Date.now() > end) throw error
    }
  }
}

const nameOf = (element: Element) => element.getAttribute('aria-label')
  ?? (element.id ? document.querySelector(`label[for="${CSS.escape(element.id)}"]`)?.textContent : null)
  ?? element.closest('label')?.textContent ?? element.textContent ?? ''

/// The one element of this kind with this name; like a screen reader, it sees names and not classes.
export function named<E extends HTMLElement>(selector: string, name: string | RegExp, within: ParentNode = document): E {
  const all = [...within.querySelectorAll<E>(selector)]
  const found = all.filter((one) => (typeof name === 'string' ? nameOf(one).trim() === name : name.test(nameOf(one))))
  if (found.length !== 1) throw new Error(`${found.length} of ${selector} are named ${name}: ${all.map(nameOf).join(' | ')}`)
  return found[0]!
}

export const button = (name: string | RegExp, within?: ParentNode) => named<HTMLButtonElement>('button', name, within)

export async function click(target: Element): Promise<void> {
  await act(async () => (target as HTMLElement).click())
  await settle()
}

/// Presses a key.
export async function press(target: Element, key: string, more: KeyboardEventInit = {}): Promise<void> {
  await act(async () => { target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })) })
  await settle()
}

/// Replaces the text of a field.
export async function fill(field: HTMLInputElement | HTMLTextAreaElement, text: string): Promise<void> {
  await act(async () => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')!.set!.call(field, text)
    field.dispatchEvent(new Event('input', { bubbles: true }))
  })
}

/// A refusal as the server words it.
export class Refusal {
  constructor(readonly status: number, readonly code: string, readonly detail = code) {}
}

export interface Call {
  method: string
  path: string
  query: URLSearchParams
  body: unknown
}

/// What is answered to a call such as `PUT /users/me`.
export type Answers = Record<string, ((body: never) => unknown) | object>

/// Answers calls and records them. A change without an answer succeeds; nothing else is found.
export function serve(answers: Answers): Call[] {
  const calls: Call[] = []
  vi.stubGlobal('fetch', vi.fn(async (target: string, init: RequestInit) => {
    const url = new URL(target, 'http://server')
    const method = init.method ?? 'GET'
    const call: Call = {
      method,
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: typeof init.body === 'string' ? JSON.parse(init.body) as unknown : undefined,
    }
    calls.push(call)
    const known = answers[`${method} ${call.path}`] ?? (method === 'GET' ? new Refusal(404, 'not_found') : () => undefined)
    const answer: unknown = typeof known === 'function' ? await (known as (body: unknown) => unknown)(call.body) : known
    if (answer instanceof Refusal) return new Response(JSON.stringify({ code: answer.code, detail: answer.detail }), { status: answer.status })
    return answer === undefined ? new Response(null, { status: 204 }) : new Response(JSON.stringify(answer))
  }))
  return calls
}
