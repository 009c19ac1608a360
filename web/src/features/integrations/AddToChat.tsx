import { useState } from 'react'
import { toast } from 'sonner'
import { useChats } from '@/api/queries'
import { Button } from '@/components/Button'
import { Select } from '@/components/Select'
import { byActivity } from '@/lib/chats'
import { useT } from '@/lib/i18n'
import styles from './Integrations.module.css'
import { useAddBot } from './server'

/// Adds a bot to one of the groups that the user administers.
export function AddToChat({ bot }: { bot: number }) {
  const t = useT()
  const { chats } = useChats()
  const [chosen, setChosen] = useState('')
  const add = useAddBot(bot)
  const groups = byActivity(chats ?? []).filter((chat) => chat.is_group && chat.role !== 'member')
  const chat = groups.find(({ id }) => String(id) === chosen) ?? groups[0]
  return (
    <section className={styles.block} aria-label={t('bots.chats')}>
      <h4>{t('bots.chats')}</h4>
      {chat
        ? (
          <>
            <Select label={t('bots.chat')} value={chat.id} onChange={(event) => setChosen(event.target.value)} options={groups.map(({ id, title }) => ({ value: String(id), text: title }))} />
            <Button busy={add.isPending} onClick={() => add.mutate(chat.id, { onSuccess: () => toast.success(t('bots.added', { chat: chat.title })) })}>{t('bots.add')}</Button>
          </>
        )
        : <p className={styles.note}>{t('bots.no_chats')}</p>}
    </section>
  )
}
