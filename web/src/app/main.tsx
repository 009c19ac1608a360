import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import 'sonner/dist/styles.css'
import { Session } from '@/api/session'
import { pageTexts, startLanguage } from '@/lib/pageLanguage'
import './base.css'
import './page.css'
import { App, loadChats } from './App'
import { makeCache } from './cache'

const cache = makeCache((key, params) => pageTexts().t(key, params))
const session = new Session(cache)
// The texts and the messenger come at the same time, not one after the other.
if (session.current() !== 'out') void loadChats().catch(() => undefined)

void startLanguage().catch(() => undefined).then(() => {
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <App session={session} />
      </QueryClientProvider>
    </StrictMode>,
  )
})

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined))
}
