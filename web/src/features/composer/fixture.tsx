/// The field for a message in tests, with an outbox and a server whose answers the test gives.

import 'fake-indexeddb/auto'
import type { QueryClient } from '@tanstack/react-query'
import { act, useState } from 'react'
import { afterEach } from 'vitest'
import { cacheOf, CHAT, chat, HER, ME, member, person } from '@/api/fixtures'
import { startOutbox } from '@/api/outbox'
import type { Message, User } from '@/api/types'
import { render, serve, settle, type Answers } from '@/testing/render'
import { stage } from './bundles'
import { Composer } from './Composer'

const me: User = { ...person(ME), is_admin: false, hides_presence: false, hides_reading: false }
export const field = () => [...document.querySelectorAll('textarea')].at(-1)!
export const submit = () => act(async () => { document.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })) })

const stops: (() => void)[] = []

export function Page({ edits = null, files = [], thread = null }: { edits?: Message | null; files?: File[]; thread?: number | null }) {
  const [editing, setEditing] = useState(edits)
  const [staged, setStaged] = useState(() => stage([], files))
  return (
    <Composer
      key={editing?.id ?? 'new'} chat={chat()} me={me} thread={thread} staged={staged} onStage={setStaged} onFiles={() => undefined} editing={editing}
      onEdit={setEditing} quoted={null} onQuote={() => undefined} onEditLast={() => undefined} onPoll={() => undefined}
    />
  )
}

/// Opens the field, with an outbox that sends. `made` finds calls that were made.
export async function open(cache: QueryClient, answers: Answers, node = <Page />) {
  const calls = serve({ 'GET /drafts': [], [`GET /chats/${CHAT}/members`]: [member(ME), member(HER), member(3)], ...answers })
  const shown = await render(node, { cache })
  stops.push(startOutbox(cache, ME))
  await settle()
  return { ...shown, calls, made: (method: string, path: RegExp) => calls.filter((call) => call.method === method && path.test(call.path)) }
}

export const held = <A,>() => {
  let answer!: (value: A) => void
  const promise = new Promise<A>((resolve) => { answer = resolve })
  return { promise, answer: (value: A) => act(async () => answer(value)) }
}

/// A query cache that asks once, and a tab without drafts.
export function emptyCache(): QueryClient {
  sessionStorage.clear()
  const cache = cacheOf()
  cache.setDefaultOptions({ queries: { retry: false }, mutations: { networkMode: 'always' } })
  return cache
}

afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})
