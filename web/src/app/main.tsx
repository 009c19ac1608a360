import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import 'sonner/dist/styles.css'
import './base.css'
import { App } from './App'
import { makeCache } from './cache'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={makeCache()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
)

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined))
}
