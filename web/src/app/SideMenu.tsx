import { Bookmark, Command, EllipsisVertical, Keyboard, Megaphone, Search, Star } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '@/components/Button'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { useT } from '@/lib/i18n'

export type SideView = 'search' | 'bookmarks' | 'channels'

interface Props {
  onView: (view: SideView) => void
  onSaved: () => void
  onKeys: () => void
  onSwitch: () => void
}

/// What stands beside the chats: search, saved messages, bookmarks, channels, keys.
export function SideMenu({ onView, onSaved, onKeys, onSwitch }: Props) {
  const t = useT()
  const [at, setAt] = useState<Point | null>(null)
  const then = (work: () => void) => () => { setAt(null); work() }
  return (
    <>
      <IconButton
        label={t('app.menu')}
        aria-haspopup="menu"
        onClick={(event) => {
          const { right, bottom } = event.currentTarget.getBoundingClientRect()
          setAt({ x: right - 220, y: bottom })
        }}
      >
        <EllipsisVertical size={20} />
      </IconButton>
      {at && (
        <Menu label={t('app.menu')} at={at} onClose={() => setAt(null)}>
          <MenuItem icon={<Command size={18} />} onSelect={then(onSwitch)}>{t('switcher.title')}</MenuItem>
          <MenuItem icon={<Search size={18} />} onSelect={then(() => onView('search'))}>{t('search.title')}</MenuItem>
          <MenuItem icon={<Star size={18} />} onSelect={then(onSaved)}>{t('chats.saved')}</MenuItem>
          <MenuItem icon={<Bookmark size={18} />} onSelect={then(() => onView('bookmarks'))}>{t('saved.bookmarks')}</MenuItem>
          <MenuItem icon={<Megaphone size={18} />} onSelect={then(() => onView('channels'))}>{t('channels.title')}</MenuItem>
          <MenuItem icon={<Keyboard size={18} />} onSelect={then(onKeys)}>{t('keys.title')}</MenuItem>
        </Menu>
      )}
    </>
  )
}
