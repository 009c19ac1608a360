import { Copy, EyeOff, Pencil, Reply, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { toast } from 'sonner'
import { useDeleteMessage, useReact } from '@/api/actions'
import type { Message } from '@/api/types'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { copyText } from '@/lib/clipboard'
import { useT } from '@/lib/i18n'
import styles from './Reactions.module.css'
import menu from './MessageMenu.module.css'

const QUICK = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀']

interface Props {
  message: Message
  at: Point
  me: number
  onEdit: (message: Message) => void
  onAnswer: (message: Message) => void
  onClose: () => void
}

export function MessageMenu({ message, at, me, onEdit, onAnswer, onClose }: Props) {
  const t = useT()
  const [confirming, setConfirming] = useState(false)
  const react = useReact(me)
  const remove = useDeleteMessage()
  const own = message.author_id === me
  const mine = (emoji: string) => message.reactions.some((one) => one.emoji === emoji && one.user_ids.includes(me))
  const copy = async () => {
    onClose()
    await copyText(message.content ?? '')
    toast(t('message.copied'))
  }
  const erase = () => {
    remove.mutate({ message, whose: 'all' })
    onClose()
  }

  if (confirming) {
    return (
      <Dialog title={t('message.delete.sure')} onClose={onClose}>
        <div className={menu.sure}>
          <p>{t('message.delete.hint')}</p>
          <Button look="danger" data-first onClick={erase}>{t('message.delete')}</Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </div>
      </Dialog>
    )
  }
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
            onClick={() => { react.mutate({ message, emoji, on: !mine(emoji) }); onClose() }}
          >
            {emoji}
          </button>
        ))}
      </div>
      <MenuItem icon={<Reply size={18} />} onSelect={() => { onClose(); onAnswer(message) }}>{t('message.answer')}</MenuItem>
      {own && message.type !== 'voice' && (
        <MenuItem icon={<Pencil size={18} />} onSelect={() => { onClose(); onEdit(message) }}>{t('message.edit')}</MenuItem>
      )}
      {message.content && <MenuItem icon={<Copy size={18} />} onSelect={() => void copy()}>{t('message.copy')}</MenuItem>}
      <MenuItem icon={<EyeOff size={18} />} onSelect={() => { remove.mutate({ message, whose: 'me' }); onClose() }}>{t('message.hide')}</MenuItem>
      {own && <MenuItem icon={<Trash2 size={18} />} danger onSelect={() => setConfirming(true)}>{t('message.delete')}</MenuItem>}
    </Menu>
  )
}
