import { Archive, ArchiveRestore, Bell, BellOff, CheckCheck, Pin, PinOff, Sparkles } from 'lucide-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { changeChat } from '@/api/events'
import { request } from '@/api/http'
import { markRead } from '@/api/readMarks'
import type { Chat, ChatSettings } from '@/api/types'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { isMuted } from '@/lib/chats'
import { useT } from '@/lib/i18n'

/// What can be done with a chat from the list.
export function ChatMenu({ chat, at, onCatchUp, onClose }: { chat: Chat; at: Point; onCatchUp?: () => void; onClose: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const { mutate } = useMutation({
    mutationFn: (form: Partial<ChatSettings>, { client }) => request<ChatSettings>(client, 'PATCH', `/chats/${chat.id}/settings`, { body: form }),
    onSuccess: ({ chat_id, ...settings }) => changeChat(cache, chat_id, (one) => ({ ...one, ...settings })),
  })
  const then = (work: () => void) => () => { onClose(); work() }
  const muted = isMuted(chat)
  const mute = () => mutate(muted ? { muted_until: null, notify: 'all' } : { muted_until: '2100-01-01T00:00:00Z' })
  return (
    <Menu label={t('chats.more')} at={at} onClose={onClose}>
      {chat.unread_count > 0 && chat.last_message && (
        <MenuItem icon={<CheckCheck size={18} />} onSelect={then(() => markRead(cache, chat.id, chat.last_message!.id))}>{t('chats.mark_read')}</MenuItem>
      )}
      {chat.unread_count > 0 && chat.assistant && onCatchUp && <MenuItem icon={<Sparkles size={18} />} onSelect={then(onCatchUp)}>{t('assistant.catch_up')}</MenuItem>}
      <MenuItem icon={chat.pinned ? <PinOff size={18} /> : <Pin size={18} />} onSelect={then(() => mutate({ pinned: !chat.pinned }))}>{chat.pinned ? t('chats.unpin') : t('settings.pin')}</MenuItem>
      <MenuItem icon={muted ? <Bell size={18} /> : <BellOff size={18} />} onSelect={then(mute)}>{muted ? t('chats.unmute') : t('settings.mute')}</MenuItem>
      <MenuItem icon={chat.archived ? <ArchiveRestore size={18} /> : <Archive size={18} />} onSelect={then(() => mutate({ archived: !chat.archived }))}>{chat.archived ? t('chats.unarchive') : t('settings.archive')}</MenuItem>
    </Menu>
  )
}
