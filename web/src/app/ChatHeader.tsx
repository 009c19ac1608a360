import { ArrowLeft, BellOff, CalendarClock, EllipsisVertical, Images, Info, Pin, Search, Sparkles, Video } from 'lucide-react'
import { useState } from 'react'
import type { Chat } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { IconButton } from '@/components/Button'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { TypingLine } from '@/features/messages/TypingLine'
import { isMuted } from '@/lib/chats'
import { useT } from '@/lib/i18n'
import styles from './ChatMessages.module.css'

export type ChatView = 'info' | 'search' | 'pins' | 'media' | 'scheduled' | 'webhooks' | 'catch-up'

interface Props {
  chat: Chat
  onBack?: () => void
  onView: (view: ChatView) => void
  /// Where the server may have meetings, and an assistant.
  onMeet?: () => void
  canCatchUp?: boolean
}

/// A chat's name, and what can be opened of it.
export function ChatHeader({ chat, onBack, onView, onMeet, canCatchUp }: Props) {
  const t = useT()
  const [at, setAt] = useState<Point | null>(null)
  const then = (view: ChatView) => () => { setAt(null); onView(view) }
  return (
    <header className={styles.header}>
      {onBack && <IconButton label={t('common.back')} className={styles.back} onClick={onBack}><ArrowLeft size={22} /></IconButton>}
      <button type="button" className={styles.title} onClick={() => onView('info')}>
        <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} group={chat.is_group} />
        <span>
          <span className={styles.name}>
            <h1 dir="auto">{chat.kind === 'saved' ? t('chats.saved') : chat.title}</h1>
            {isMuted(chat) && <BellOff size={15} role="img" aria-label={t('chats.muted')} />}
          </span>
          <TypingLine chat={chat} />
        </span>
      </button>
      <IconButton label={t('search.in_chat')} data-search onClick={() => onView('search')}><Search size={20} /></IconButton>
      <IconButton label={t('members.open')} className={styles.wide} onClick={() => onView('info')}><Info size={21} /></IconButton>
      <IconButton
        label={t('chats.more')}
        aria-haspopup="menu"
        onClick={(event) => {
          const { right, bottom } = event.currentTarget.getBoundingClientRect()
          setAt({ x: right - 220, y: bottom })
        }}
      >
        <EllipsisVertical size={20} />
      </IconButton>
      {at && (
        <Menu label={t('chats.more')} at={at} onClose={() => setAt(null)}>
          <MenuItem icon={<Info size={18} />} onSelect={then('info')}>{t('members.open')}</MenuItem>
          {canCatchUp && chat.unread_count > 0 && <MenuItem icon={<Sparkles size={18} />} onSelect={then('catch-up')}>{t('assistant.catch_up')}</MenuItem>}
          {onMeet && <MenuItem icon={<Video size={18} />} onSelect={() => { setAt(null); onMeet() }}>{t('meeting.create')}</MenuItem>}
          <MenuItem icon={<Images size={18} />} onSelect={then('media')}>{t('media.title')}</MenuItem>
          <MenuItem icon={<Pin size={18} />} onSelect={then('pins')}>{t('pins.title')}</MenuItem>
          <MenuItem icon={<CalendarClock size={18} />} onSelect={then('scheduled')}>{t('scheduled.title')}</MenuItem>
        </Menu>
      )}
    </header>
  )
}
