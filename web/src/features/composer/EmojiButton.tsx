import { Smile } from 'lucide-react'
import { Suspense, useState } from 'react'
import { IconButton } from '@/components/Button'
import type { Point } from '@/components/Menu'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'

const EmojiPopover = lazyComponent(() => import('./EmojiPopover').then((file) => file.EmojiPopover))
const WIDTH = 352

export function EmojiButton({ onPick }: { onPick: (emoji: string) => void }) {
  const t = useT()
  const [at, setAt] = useState<Point | null>(null)
  return (
    <>
      <IconButton
        label={t('composer.emoji')}
        aria-haspopup="dialog"
        onClick={(event) => {
          const { right, top } = event.currentTarget.getBoundingClientRect()
          setAt({ x: right - WIDTH, y: top - 8 })
        }}
      >
        <Smile size={21} />
      </IconButton>
      {at && <Suspense><EmojiPopover at={at} onClose={() => setAt(null)} onPick={(emoji) => { setAt(null); onPick(emoji) }} /></Suspense>}
    </>
  )
}
