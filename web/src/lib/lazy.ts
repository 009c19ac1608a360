/// Components that are loaded when first used, or preloaded when the page is idle, so that they work
/// without a network.

import { lazy, type ComponentType } from 'react'

const RETRY_MS = 1_000
const loads: (() => Promise<unknown>)[] = []

export function lazyComponent<Props>(load: () => Promise<ComponentType<Props>>) {
  let loading: Promise<{ default: ComponentType<Props> }> | undefined
  const once = () => load().then((component) => ({ default: component }))
  const loadOnce = () => (loading ??= once().catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    return once()
  }).catch((error: unknown) => {
    loading = undefined
    throw error
  }))
  loads.push(loadOnce)
  return lazy(loadOnce)
}

export function preloadComponents(): void {
  for (const load of loads) void load().catch(() => undefined)
}
