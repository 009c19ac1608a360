import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react'
import { Toaster } from 'sonner'
import { onSession, sessionState } from '@/api/session'
import { SignIn } from '@/features/session/SignIn'
import { useLanguage, useT } from '@/lib/i18n'
import { useTheme } from '@/lib/theme'
import { ErrorBoundary } from './ErrorBoundary'
import { Splash } from './Splash'
import { useSession } from './useSession'

const ChatContainer = lazy(() => import('./ChatContainer').then((part) => ({ default: part.ChatContainer })))

export function App() {
  const t = useT()
  const language = useLanguage()
  const theme = useTheme()
  const state = useSyncExternalStore(onSession, sessionState)
  const cache = useQueryClient()

  useEffect(() => {
    document.title = t('app.name')
  }, [t, language])
  useEffect(() => {
    if (state === 'out') cache.clear()
  }, [state, cache])

  return (
    <>
      <ErrorBoundary>{state === 'out' ? <SignIn /> : <SignedIn />}</ErrorBoundary>
      <Toaster theme={theme} position="top-center" closeButton containerAriaLabel={t('app.notices')} toastOptions={{ closeButtonAriaLabel: t('common.close') }} />
    </>
  )
}

function SignedIn() {
  const { ready, failed, retry } = useSession()
  if (!ready) return <Splash failed={failed} onRetry={retry} />
  return <Suspense fallback={<Splash />}><ChatContainer /></Suspense>
}
