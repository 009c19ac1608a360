import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { copyText } from '@/lib/clipboard'
import type { Token } from '@/lib/highlight'
import { useT } from '@/lib/i18n'
import styles from './RichText.module.css'

const LONGEST = 20_000
const COPIED_MS = 1_500

/// A code block; its language is highlighted once the highlighter is loaded.
export function CodeBlock({ text, language }: { text: string; language: string }) {
  const t = useT()
  const [tokens, setTokens] = useState<Token[] | null>(null)
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!language || text.length > LONGEST) return
    let over = false
    import('@/lib/highlight').then(({ highlight }) => {
      if (!over) setTokens(highlight(text, language))
    }).catch(() => undefined)
    return () => { over = true }
  }, [text, language])
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), COPIED_MS)
    return () => clearTimeout(timer)
  }, [copied])

  return (
    <div className={styles.block}>
      <header>
        <span>{language}</span>
        <button type="button" tabIndex={-1} aria-label={t('text.copy_code')} title={t('text.copy_code')} onClick={() => void copyText(text).then(() => setCopied(true))}>
          {copied ? <Check size={15} /> : <Copy size={15} />}
        </button>
      </header>
      <pre tabIndex={-1} dir="ltr"><code>{tokens ? tokens.map((token, index) => <span key={index} data-token={token.kind || undefined}>{token.text}</span>) : text}</code></pre>
    </div>
  )
}
