/// Parts of the page that come later: with the first wish for them, or when the page is at rest, so that
/// they are here should the network go.

import { lazy, type ComponentType } from 'react'

const AGAIN_MS = 1_000
const loads: (() => Promise<unknown>)[] = []

export function part<Props>(load: () => Promise<ComponentType<Props>>) {
  let coming: Promise<{ default: ComponentType<Props> }> | undefined
  const once = () => load().then((component) => ({ default: component }))
  const come = () => (coming ??= once().catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    return once()
  }).catch((error: unknown) => {
    coming = undefined
    throw error
  }))
  loads.push(come)
  return lazy(come)
}

export function loadParts(): void {
  for (const load of loads) void load().catch(() => undefined)
}
