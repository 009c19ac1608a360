import { Send } from 'lucide-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from 'sonner'
import { messageCreated } from '@/api/events'
import { request } from '@/api/http'
import { useChats } from '@/api/queries'
import type { Message } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Search } from '@/components/Search'
import { Switch } from '@/components/Switch'
import { byActivity, canPost, matches } from '@/lib/chats'
import { useLanguage, useT } from '@/lib/i18n'
import { summary } from '@/lib/system'
import styles from './Forward.module.css'

/// Sends a copy of a message to other chats.
export function ForwardDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const t = useT()
  const language = useLanguage()
  const cache = useQueryClient()
  const { chats } = useChats()
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState<number[]>([])
  const [silent, setSilent] = useState(false)
  const forward = useMutation({
    mutationFn: (_: void, { client }) => request<Message[]>(client, 'POST', `/messages/${message.id}/forward`, { body: { chat_ids: chosen, silent } }),
    onSuccess: (copies) => {
      for (const copy of copies) messageCreated(cache, copy)
      toast.success(t('forward.done', { count: copies.length }))
      onClose()
    },
  })
  const open = byActivity(chats ?? []).filter(canPost)
  const shown = open.filter((chat) => matches(chat, words, language))
  const toggle = (id: number) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])
  return (
    <Dialog title={t('forward.title')} onClose={onClose}>
      <div className={styles.body}>
        <p className={styles.what} dir="auto">{summary(t, message)}</p>
        <div className={styles.search}><Search label={t('chats.search')} data-first value={words} onChange={(event) => setWords(event.target.value)} /></div>
        <ul aria-label={t('forward.where')}>
          {shown.map((chat) => (
            <li key={chat.id}>
              <button type="button" aria-pressed={chosen.includes(chat.id)} onClick={() => toggle(chat.id)}>
                <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} size="small" group={chat.is_group} />
                <span dir="auto">{chat.kind === 'saved' ? t('chats.saved') : chat.title}</span>
              </button>
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p className={styles.none} role="status">{t('common.nothing')}</p>}
      </div>
      <footer className={styles.footer}>
        <Switch label={t('composer.silent')} checked={silent} onChange={setSilent} />
        <Button look="main" disabled={chosen.length === 0} busy={forward.isPending} onClick={() => forward.mutate()}><Send size={17} />{t('message.forward')}</Button>
      </footer>
    </Dialog>
  )
}
