import { Check } from 'lucide-react'
import { useState } from 'react'
import { useRenameChat } from '@/api/actions'
import type { Chat } from '@/api/types'
import { IconButton } from '@/components/Button'
import { useT } from '@/lib/i18n'
import styles from './ChatInfo.module.css'

export function Rename({ chat }: { chat: Chat }) {
  const t = useT()
  const [title, setTitle] = useState(chat.title)
  const rename = useRenameChat(chat.id)
  const changed = title.trim() !== '' && title.trim() !== chat.title
  return (
    <form
      className={styles.rename}
      onSubmit={(event) => {
        event.preventDefault()
        if (changed) rename.mutate(title.trim())
      }}
    >
      <input aria-label={t('chats.group_title')} value={title} maxLength={100} onChange={(event) => setTitle(event.target.value)} />
      {changed && <IconButton label={t('common.save')} type="submit" disabled={rename.isPending}><Check size={20} /></IconButton>}
    </form>
  )
}
