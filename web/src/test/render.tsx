/// Renders a component with real texts, a query cache and a server that the test plays.

import { QueryClientProvider } from '@tanstack/react-query'
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

let roots: { root: Root; box: HTMLElement }[] = []

afterEach(async () => {
  for (const { root, box } of roots) {
    await act(async () => root.unmount())
    box.remove()
  }
  roots = []
})

export interface Call {
  method: string
  path: string
  body: unknown
}

export type Answers = Record<string, (body: never) => unknown>

/// A refusal as the server words it.
export class Refusal {
  constructor(readonly status: number, readonly code: string, readonly detail = code) {}
}

/// Answers calls such as `PUT /users/me` by these functions and records them.
export function server(answers: Answers): Call[] {
  const calls: Call[] = []
  vi.stubGlobal('fetch', vi.fn(async (url: string, init: RequestInit) => {
    const path = url.replace('/api/v1', '').split('?')[0]!
    const body: unknown = init.body ? JSON.parse(String(init.body)) : undefined
    calls.push({ method: init.method!, path, body })
    const answer = answers[`${init.method} ${path}`]?.(body as never)
    if (answer instanceof Refusal) return new Response(JSON.stringify({ code: answer.code, detail: answer.detail }), { status: answer.status })
    return answer === undefined ? new Response(null, { status: 204 }) : new Response(JSON.stringify(answer))
  }))
  return calls
}

export async function render(node: ReactNode, { language = 'ru', chats }: { language?: string; chats?: Chat[] } = {}) {
  const cache = cacheOf({ chats })
  connect(cache, { server: '', tokens: { accessToken: () => 'token', refresh: async () => 'token' }, onEnded: () => undefined })
  const texts = await loadTexts(language)
  const box = document.createElement('div')
  document.body.append(box)
  const root = createRoot(box)
  roots.push({ root, box })
  await act(async () => root.render(
    <QueryClientProvider client={cache}><TextsContext value={texts}>{node}</TextsContext></QueryClientProvider>,
  ))
  await settle()
  return { box, cache, texts }
}

/// Lets answers arrive and effects run: the query cache tells of news in a task of its own.
export const settle = () => act(async () => {
  for (let task = 0; task < 4; task++) await new Promise((resolve) => setTimeout(resolve))
})

const nameOf = (element: Element) => element.getAttribute('aria-label')
  ?? (element.id ? document.querySelector(`label[for="${CSS.escape(element.id)}"]`)?.textContent : null)
  ?? element.closest('label')?.textContent ?? element.textContent ?? ''

/// The one element of this kind with this name; like a screen reader, it sees names and not classes.
export function named<E extends HTMLElement>(selector: string, name: string | RegExp): E {
  const found = [...document.querySelectorAll<E>(selector)].filter((one) => (typeof name === 'string' ? nameOf(one).trim() === name : name.test(nameOf(one))))
  if (found.length !== 1) throw new Error(`${found.length} of ${selector} are named ${name}: ${[...document.querySelectorAll(selector)].map(nameOf).join(' | ')}`)
  return found[0]!
}

export const button = (name: string | RegExp) => named<HTMLButtonElement>('button', name)

export async function press(element: HTMLElement): Promise<void> {
  await act(async () => element.click())
  await settle()
}

export async function fill(element: HTMLInputElement | HTMLTextAreaElement, text: string): Promise<void> {
  await act(async () => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), 'value')!.set!.call(element, text)
    element.dispatchEvent(new Event('input', { bubbles: true }))
  })
}
