import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import 'sonner/dist/styles.css'
import { keepOffline } from '@/api/offline'
import { Session } from '@/api/session'
import { sharedOf } from '@/api/shared'
import { pageTexts, startLanguage } from '@/lib/pageLanguage'
import { shell } from '@/lib/shell'
import { hasShell, startShell } from '@/lib/startShell'
import './base.css'
import './page.css'
import { App, Shell } from './App'
import { makeCache } from './cache'

function start(): void {
  const cache = makeCache((key, params) => pageTexts().t(key, params))
  const session = new Session(cache)
  keepOffline(cache)
  // The texts, the messenger and the server's answers come at the same time, not one after the other.
  if (session.current() !== 'out') {
    void Shell.load().catch(() => undefined)
    connectUntilSignedOut(cache, session)
  }

  void startLanguage().catch(() => undefined).then(() => {
    createRoot(document.getElementById('root')!).render(
      <StrictMode>
        <QueryClientProvider client={cache}>
          <App session={session} />
        </QueryClientProvider>
      </StrictMode>,
    )
  })

  // The app has its files with it.
  if (import.meta.env.PROD && !shell().desktop && 'serviceWorker' in navigator) {
    addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').then(keepLoaded).catch(() => undefined))
  }
}

/// Connects before anything is shown.
function connectUntilSignedOut(cache: QueryClient, session: Session): void {
  const stop = sharedOf(cache).use(() => undefined)
  const unsubscribe = session.subscribe(() => {
    if (session.current() !== 'out') return
    unsubscribe()
    stop()
  })
}

// Before anything that asks where the server is. Not awaited at the top: modules that wait are split into many more files.
if (hasShell()) void startShell().then(start)
else start()

/// The first page is loaded without the service worker: it is told what that page consists of, to open it offline.
async function keepLoaded(): Promise<void> {
  if (navigator.serviceWorker.controller) return
  const { active } = await navigator.serviceWorker.ready
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
  active?.postMessage({ kind: 'keep', urls: loaded })
}
