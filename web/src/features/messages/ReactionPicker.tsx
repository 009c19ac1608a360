import { EmojiPicker } from '@/components/EmojiPicker'
import type { Point } from '@/components/Menu'
import { Popover } from '@/components/Popover'
import { useT } from '@/lib/i18n'

export function ReactionPicker({ at, onPick, onClose }: { at: Point; onPick: (emoji: string) => void; onClose: () => void }) {
  const t = useT()
  return <Popover label={t('message.more_reactions')} at={at} onClose={onClose}><EmojiPicker onPick={onPick} /></Popover>
}
