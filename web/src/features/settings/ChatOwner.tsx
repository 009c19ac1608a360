import { useState } from 'react'
import type { ChatOverview } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'
import { useOwnerCandidates, useSetOwner } from './allChats'
import styles from './Settings.module.css'

/// Chooses the owner of a chat among its members, for administrators.
export function ChatOwner({ chat, onClose }: { chat: ChatOverview; onClose: () => void }) {
  const t = useT()
  const [words, setWords] = useState('')
  const { data, isFetching } = useOwnerCandidates(chat.id, useDebounced(words.trim(), 250))
  const choose = useSetOwner(chat.id)
  return (
    <Dialog title={t('admin.chats.owner.which', { title: chat.title })} onClose={onClose}>
      <div className={styles.inDialog}>
        <p className={styles.note}>{t('admin.chats.owner.hint')}</p>
        <Search data-first label={t('people.search')} value={words} onChange={(event) => setWords(event.target.value)} />
        <ul className={styles.list} aria-busy={isFetching}>
          {data?.map(({ user: { id, username, display_name: name, avatar_url: url }, role }) => (
            <li key={id}>
              <Avatar id={id} name={name} url={url} size="small" />
              <p>
                <b dir="auto">{name}</b>
                <small>{[username && `@${username}`, role !== 'member' && t(`members.${role}`)].filter(Boolean).join(' · ')}</small>
              </p>
              {role !== 'owner' && (
                <Button
                  aria-label={t('admin.chats.owner.whom', { name })}
                  busy={choose.isPending && choose.variables === id}
                  onClick={() => choose.mutate(id, { onSuccess: onClose })}
                >
                  {t('admin.chats.owner.choose')}
                </Button>
              )}
            </li>
          ))}
        </ul>
        <p role="status" className={styles.note}>{data?.length === 0 ? t('people.none') : ''}</p>
        {isFetching && !data && <Spinner />}
      </div>
    </Dialog>
  )
}
