import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react'
import { offlineOf } from '@/api/offline'
import type { Session } from '@/api/session'
import { Notices } from '@/components/Notices'
import { SignIn } from '@/features/session/SignIn'
import { OwnsHistory } from '@/lib/back'
import { TextsContext } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { usePageTexts } from '@/lib/pageLanguage'
import { setupToken } from '@/lib/route'
import { useTheme } from '@/lib/theme'
import { ErrorBoundary } from './ErrorBoundary'
import { Splash } from './Splash'
import { useDesktop } from './useDesktop'
import { useSession } from './useSession'

export const Shell = lazyComponent(() => import('./Shell').then((file) => file.Shell))
const Setup = lazy(() => import('@/features/session/Setup').then((part) => ({ default: part.Setup })))

export function App({ session }: { session: Session }) {
  const texts = usePageTexts()
  const { t } = texts
  const theme = useTheme()
  const state = useSyncExternalStore(session.subscribe, session.current)
  const cache = useQueryClient()
  useDesktop(state)

  useEffect(() => {
    document.title = t('app.name')
  }, [t])
  useEffect(() => {
    if (state !== 'out') return
    cache.clear()
    void offlineOf(cache)?.forget()
  }, [state, cache])

  return (
    <OwnsHistory value>
    <TextsContext value={texts}>
      <ErrorBoundary>{state === 'out' ? <SignedOut session={session} /> : <SignedIn />}</ErrorBoundary>
      <Notices theme={theme === 'contrast' ? 'system' : theme} containerAriaLabel={t('app.notices')} toastOptions={{ closeButtonAriaLabel: t('common.close') }} />
    </TextsContext>
    </OwnsHistory>
  )
}

function SignedOut({ session }: { session: Session }) {
  // Kept: the address changes once the account is created.
  const [token] = useState(setupToken)
  if (token === null) return <SignIn session={session} />
  return <Suspense fallback={<Splash />}><Setup session={session} token={token} /></Suspense>
}

function SignedIn() {
  const { ready, failed, retry } = useSession()
  if (!ready) return <Splash failed={failed} onRetry={retry} />
  return <Suspense fallback={<Splash />}><Shell /></Suspense>
}
