import {
  Bookmark, BookmarkMinus, CircleStop, Copy, EyeOff, Flag, Forward, Info, Link, ListX, MessagesSquare, Pencil, Pin, PinOff, Reply, SmilePlus, Trash2,
} from 'lucide-react'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useContext, useState } from 'react'
import { toast } from 'sonner'
import { useDeleteMessage, useReact, useReport } from '@/api/actions'
import type { Message, NewReport } from '@/api/types'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { ReportDialog } from '@/components/ReportDialog'
import { canPost } from '@/lib/chats'
import { copyText } from '@/lib/clipboard'
import { useT, type Key } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { messagePath } from '@/lib/route'
import { ServerContext } from '@/lib/server'
import { shell } from '@/lib/shell'
import { canPin, isModerator, useMessages } from './context'
import { DeleteDialog } from './DeleteDialog'
import styles from './Reactions.module.css'
import { bookmarksQuery, useBookmark, useClosePoll, usePin, useRemovePreviews } from './server'

const Picker = lazyComponent(() => import('./ReactionPicker').then((file) => file.ReactionPicker))
const MessageInfo = lazyComponent(() => import('./MessageInfo').then((file) => file.MessageInfo))

const QUICK = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏']

/// What can be done with a message.
export function MessageMenu({ message, at, onClose }: { message: Message; at: Point; onClose: () => void }) {
  const t = useT()
  const server = useContext(ServerContext) || shell().site
  const { chat, me, inThread, onAction } = useMessages()
  const [step, setStep] = useState<'delete' | 'react' | 'info' | 'report' | null>(null)
  const { data: bookmarks } = useQuery(bookmarksQuery)
  const react = useReact(me.id)
  const remove = useDeleteMessage()
  const pin = usePin()
  const bookmark = useBookmark()
  const close = useClosePoll()
  const removePreviews = useRemovePreviews()
  const report = useReport(`/messages/${message.id}`)
  const own = message.author_id === me.id
  const bookmarked = bookmarks?.some((one) => one.message.id === message.id) ?? false
  const mine = (emoji: string) => message.reactions.some((one) => one.emoji === emoji && one.user_ids.includes(me.id))
  const then = (work: () => void) => () => { onClose(); work() }
  const toggle = (emoji: string) => then(() => react.mutate({ message, emoji, on: !mine(emoji) }))()
  const copy = (text: string, said: Key) => then(() => void copyText(text).then(() => toast(t(said))))

  if (step === 'react') return <Suspense><Picker at={at} onPick={toggle} onClose={onClose} /></Suspense>
  if (step === 'info') return <Suspense><MessageInfo message={message} onClose={onClose} /></Suspense>
  if (step === 'report') {
    const send = (form: NewReport) => report.mutate(form, { onSuccess: () => { onClose(); toast(t('report.sent')) } })
    return <ReportDialog title={t('report.message')} busy={report.isPending} onSend={send} onClose={onClose} />
  }
  if (step === 'delete') return <DeleteDialog message={message} chat={chat} own={own} onClose={onClose} onDelete={(whose) => { remove.mutate({ message, whose }); onClose() }} />
  return (
    <Menu label={t('message.actions')} at={at} onClose={onClose}>
      <div className={styles.quick} role="group" aria-label={t('message.react')}>
        {QUICK.map((emoji) => (
          <button
            key={emoji}
            type="button"
            role="menuitemcheckbox"
            aria-checked={mine(emoji)}
            aria-label={t('message.react_with', { emoji })}
            onClick={() => toggle(emoji)}
          >
            {emoji}
          </button>
        ))}
        <button type="button" role="menuitem" aria-label={t('message.more_reactions')} title={t('message.more_reactions')} onClick={() => setStep('react')}><SmilePlus size={20} /></button>
      </div>
      {canPost(chat) && <MenuItem icon={<Reply size={18} />} onSelect={then(() => onAction('answer', message))}>{t('message.answer')}</MenuItem>}
      {!inThread && !message.thread_id && chat.kind !== 'saved' && <MenuItem icon={<MessagesSquare size={18} />} onSelect={then(() => onAction('thread', message))}>{t('message.thread')}</MenuItem>}
      {own && !['voice', 'poll', 'location', 'ai'].includes(message.type) && <MenuItem icon={<Pencil size={18} />} onSelect={then(() => onAction('edit', message))}>{t('message.edit')}</MenuItem>}
      {message.content && <MenuItem icon={<Copy size={18} />} onSelect={copy(message.content, 'message.copied')}>{t('message.copy')}</MenuItem>}
      <MenuItem icon={<Link size={18} />} onSelect={copy(`${server}${messagePath(message.chat_id, message.id)}`, 'message.link_copied')}>{t('message.copy_link')}</MenuItem>
      <MenuItem icon={<Forward size={18} />} onSelect={then(() => onAction('forward', message))}>{t('message.forward')}</MenuItem>
      {canPin(chat) && (
        <MenuItem icon={message.pinned_at ? <PinOff size={18} /> : <Pin size={18} />} onSelect={then(() => pin.mutate({ message, on: !message.pinned_at }))}>
          {message.pinned_at ? t('message.unpin') : t('message.pin')}
        </MenuItem>
      )}
      <MenuItem
        icon={bookmarked ? <BookmarkMinus size={18} /> : <Bookmark size={18} />}
        onSelect={then(() => bookmark.mutate({ message, on: !bookmarked }, { onSuccess: () => toast(bookmarked ? t('message.unbookmarked') : t('message.bookmarked')) }))}
      >
        {bookmarked ? t('message.unbookmark') : t('message.bookmark')}
      </MenuItem>
      {message.poll && !message.poll.closed_at && (own || isModerator(chat)) && (
        <MenuItem icon={<CircleStop size={18} />} onSelect={then(() => close.mutate(message))}>{t('poll.close')}</MenuItem>
      )}
      {own && (message.previews?.length ?? 0) > 0 && <MenuItem icon={<ListX size={18} />} onSelect={then(() => removePreviews.mutate(message))}>{t('message.remove_preview')}</MenuItem>}
      <MenuItem icon={<Info size={18} />} onSelect={() => setStep('info')}>{t('message.info')}</MenuItem>
      <MenuItem icon={<EyeOff size={18} />} onSelect={then(() => remove.mutate({ message, whose: 'me' }))}>{t('message.hide')}</MenuItem>
      {!own && message.type !== 'system' && <MenuItem icon={<Flag size={18} />} onSelect={() => setStep('report')}>{t('report.open')}</MenuItem>}
      {(own || isModerator(chat)) && <MenuItem icon={<Trash2 size={18} />} danger onSelect={() => setStep('delete')}>{t('message.delete')}</MenuItem>}
    </Menu>
  )
}
