import type { Chat, Message } from '@/api/types'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { useT } from '@/lib/i18n'
import menu from './MessageMenu.module.css'

interface Props {
  message: Message
  chat: Chat
  own: boolean
  onDelete: (whose: 'all' | 'me') => void
  onClose: () => void
}

export function DeleteDialog({ message, chat, own, onDelete, onClose }: Props) {
  const t = useT()
  return (
    <Dialog title={t('message.delete.sure')} onClose={onClose}>
      <div className={menu.sure}>
        <p>{own || !chat.is_group ? t('message.delete.hint') : t('message.delete.others')}</p>
        <Button look="danger" data-first onClick={() => onDelete('all')}>{t('message.delete')}</Button>
        {message.type !== 'system' && <Button onClick={() => onDelete('me')}>{t('message.hide')}</Button>}
        <Button onClick={onClose}>{t('common.cancel')}</Button>
      </div>
    </Dialog>
  )
}
