/// Components that are loaded when first used, or preloaded when the page is idle, so that they work
/// without a network.

import { createElement, lazy, useState, type ComponentType } from 'react'

const RETRY_MS = 1_000
const loads: (() => Promise<unknown>)[] = []

/// A component that is loaded when it is first shown, or by its `load`. One that is loaded already is shown at once:
/// React would suspend for it all the same, and shows what was suspended no sooner than 300 ms after the last time.
export function lazyComponent<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let loaded: ComponentType<Props> | undefined
  let loading: Promise<{ default: ComponentType<Props> }> | undefined
  const once = async () => ({ default: loaded = await load() })
  const loadOnce = () => (loading ??= once().catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    return once()
  }).catch((error: unknown) => {
    loading = undefined
    throw error
  }))
  loads.push(loadOnce)
  const Suspended: ComponentType<Props> = lazy(loadOnce)
  function Lazy(props: Props) {
    // Another component in its place would lose its state.
    const [shown] = useState(() => loaded ?? Suspended)
    return createElement(shown, props)
  }
  return Object.assign(Lazy, { load: loadOnce })
}

export function preloadComponents(): void {
  for (const load of loads) void load().catch(() => undefined)
}
