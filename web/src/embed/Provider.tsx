import { QueryClientProvider } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState, type CSSProperties, type ReactNode } from 'react'
import { connectionOf } from '@/api/http'
import { Splash } from '@/app/Splash'
import { useSession } from '@/app/useSession'
import { Notices } from '@/components/Notices'
import { isLanguage, loadTexts, TextsContext, type Texts } from '@/lib/i18n'
import { ServerContext } from '@/lib/server'
import '@/app/base.css'
import 'sonner/dist/styles.css'
import { cacheOf, setTexts } from './inside'
import styles from './Provider.module.css'
import type { BesedkaClient, Theme } from './types'

export interface BesedkaProviderProps {
  client: BesedkaClient
  /// The code of a language, such as `ru`, `en` or `ky`. Default: `ru`.
  language?: string
  /// Default: `system`.
  theme?: Theme
  className?: string
  /// The box of the chat; it is as high as its parent unless this says otherwise.
  style?: CSSProperties
  children?: ReactNode
}

const ClientContext = createContext<BesedkaClient | null>(null)

/// The client of the provider around.
export function useClient(): BesedkaClient {
  const client = useContext(ClientContext)
  if (!client) throw new Error('a BesedkaProvider must be around this component')
  return client
}

/// Gives a client to what is inside: styles, texts, and the live connection end at its box.
export function BesedkaProvider({ client, language = 'ru', theme = 'system', className, style, children }: BesedkaProviderProps) {
  const cache = cacheOf(client)
  const texts = useTexts(client, isLanguage(language) ? language : 'en')
  return (
    <ClientContext value={client}>
      <QueryClientProvider client={cache}>
        <ServerContext value={connectionOf(cache).server}>
          <div
            className={['besedka', styles.box, className].filter(Boolean).join(' ')}
            style={style}
            lang={language}
            dir={texts?.direction}
            data-theme={theme === 'system' ? undefined : theme}
          >
            {texts && <TextsContext value={texts}>{children}<FirstNotices theme={theme} label={texts.t('app.notices')} /></TextsContext>}
          </div>
        </ServerContext>
      </QueryClientProvider>
    </ClientContext>
  )
}

/// Connects before its children show anything.
export function Connected({ children }: { children: ReactNode }) {
  const { ready, failed, retry } = useSession()
  return ready ? children : <Splash failed={failed} onRetry={retry} />
}

/// Notices are shown once on a page, by the first of its chats.
const shown = new Set<symbol>()

function FirstNotices({ theme, label }: { theme: Theme; label: string }) {
  const [own] = useState(() => Symbol('notices'))
  const [first, setFirst] = useState(false)
  useEffect(() => {
    shown.add(own)
    const check = () => setFirst([...shown][0] === own)
    const timer = setTimeout(check)
    return () => {
      clearTimeout(timer)
      shown.delete(own)
    }
  }, [own])
  return first && <Notices theme={theme === 'contrast' ? 'light' : theme} containerAriaLabel={label} />
}

function useTexts(client: BesedkaClient, language: string): Texts | null {
  const [texts, setLoaded] = useState<Texts | null>(null)
  useEffect(() => {
    let over = false
    void loadTexts(language).then((loaded) => {
      if (over) return
      setTexts(client, loaded)
      setLoaded(loaded)
    })
    return () => {
      over = true
    }
  }, [client, language])
  return texts
}
