import { useQueryClient } from '@tanstack/react-query'
import { Bell, Bookmark, Bot, Contrast, Database, Eye, Keyboard, KeyRound, LogOut, Megaphone, Moon, Palette, Search, Settings, ShieldCheck, SquarePen, Star, Sun, SunMoon, UserRound, Users } from 'lucide-react'
import { useMemo, type ComponentType } from 'react'
import { useUnsent } from '@/api/outbox'
import { useMe } from '@/api/queries'
import { sessionOf } from '@/api/session'
import { signOut } from '@/api/signOut'
import type { NewKind } from '@/features/chats/NewChat'
import { Switcher } from '@/features/switcher/Switcher'
import type { Command } from '@/features/switcher/options'
import type { Page } from '@/features/settings/Settings'
import { useT, type Key } from '@/lib/i18n'
import { apple } from '@/lib/keyboard'
import { getTheme, setTheme, type Theme } from '@/lib/theme'
import type { SideView } from './SideMenu'

interface Props {
  onOpen: (chat: number, message?: number) => void
  onNew: (kind: NewKind) => void
  onView: (view: SideView) => void
  onSaved: () => void
  onKeys: () => void
  onSettings?: (page: Page | null) => void
  onClose: () => void
}

type Icon = ComponentType<{ size: number }>

const PAGES: [Page, Key, Icon][] = [
  ['profile', 'settings.profile', UserRound], ['appearance', 'settings.appearance', Palette], ['notifications', 'settings.notifications', Bell],
  ['privacy', 'settings.privacy', Eye], ['security', 'settings.security', KeyRound], ['data', 'settings.data', Database], ['bots', 'bots.title', Bot],
]
const THEMES: [Theme, Key, Icon][] = [
  ['system', 'switcher.theme.system', SunMoon], ['light', 'switcher.theme.light', Sun], ['dark', 'switcher.theme.dark', Moon], ['contrast', 'switcher.theme.contrast', Contrast],
]

/// The switcher with everything that the messenger can be told to do.
export function CommandPalette({ onOpen, onNew, onView, onSaved, onKeys, onSettings, onClose }: Props) {
  const t = useT()
  const cache = useQueryClient()
  const me = useMe()
  const unsent = useUnsent().length
  const commands = useMemo<Command[]>(() => {
    const command = (id: string, text: string, Icon: Icon, run: () => void, keys?: string): Command => ({ id, text, icon: <Icon size={17} />, run, keys })
    const mod = apple() ? '⌘' : 'Ctrl '
    return [
      command('new', t('chats.new'), SquarePen, () => onNew(null)),
      command('new-group', t('chats.new_group'), Users, () => onNew('group')),
      command('new-channel', t('chats.new_channel'), Megaphone, () => onNew('channel')),
      command('join-code', t('invites.by_code'), KeyRound, () => onNew('code')),
      command('search', t('search.title'), Search, () => onView('search'), `${mod}Shift F`),
      command('saved', t('chats.saved'), Star, onSaved),
      command('bookmarks', t('saved.bookmarks'), Bookmark, () => onView('bookmarks')),
      command('channels', t('channels.title'), Megaphone, () => onView('channels')),
      ...(onSettings ? [
        command('settings', t('settings.title'), Settings, () => onSettings(null)),
        ...PAGES.map(([page, title, icon]) => command(`settings-${page}`, t('switcher.settings', { page: t(title) }), icon, () => onSettings(page))),
        ...(me?.is_admin ? [command('settings-admin', t('settings.admin'), ShieldCheck, () => onSettings('admin'))] : []),
      ] : []),
      // The theme of a host's page is its own.
      ...(onSettings ? THEMES.filter(([theme]) => theme !== getTheme()) : []).map(([theme, title, icon]) => command(`theme-${theme}`, t(title), icon, () => setTheme(theme))),
      command('keys', t('keys.title'), Keyboard, onKeys, `${mod}/`),
      // With messages that would be lost, the settings warn beside their button.
      ...(onSettings && sessionOf(cache) ? [command('sign-out', t('profile.leave'), LogOut, () => (unsent > 0 ? onSettings(null) : void signOut(cache)))] : []),
    ]
  }, [t, cache, me?.is_admin, unsent, onNew, onView, onSaved, onKeys, onSettings])
  return <Switcher commands={commands} onOpen={onOpen} onClose={onClose} />
}
