import { useState } from 'react'
import { useChats } from '@/api/queries'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'
import { useAllChats } from './allChats'
import styles from './Settings.module.css'

interface Props {
  exempt: number[]
  busy: boolean
  onChoose: (chat: number) => void
  onClose: () => void
}

interface Offer {
  id: number
  title: string
  group: boolean
}

/// Chooses a chat whose messages are kept for ever: a group or channel of the server, one of the administrator's own chats,
/// or another private chat by its number.
export function ExemptChoice({ exempt, busy, onChoose, onClose }: Props) {
  const t = useT()
  const [typed, setTyped] = useState('')
  const words = typed.trim()
  const { chats: own } = useChats()
  const { data: groups, hasNextPage, fetchNextPage, isFetching } = useAllChats(useDebounced(words, 250))
  const sought = words.toLocaleLowerCase()
  const offers: Offer[] = [
    ...(own ?? []).filter((chat) => !chat.is_group)
      .map(({ id, title }) => ({ id, title: title || t('chats.saved'), group: false }))
      .filter(({ title }) => title.toLocaleLowerCase().includes(sought)),
    ...(groups ?? []).map(({ id, title }) => ({ id, title, group: true })),
  ]
  const number = /^\d{1,15}$/.test(words) ? Number(words) : null
  if (number !== null && !offers.some(({ id }) => id === number)) {
    offers.push({ id: number, title: own?.find(({ id }) => id === number)?.title || t('admin.retention.chat', { id: number }), group: false })
  }
  const shown = offers.filter(({ id }) => !exempt.includes(id))
  return (
    <Dialog title={t('admin.retention.add')} onClose={onClose}>
      <div className={styles.inDialog}>
        <Search
          data-first
          label={t('admin.retention.find')}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          // The form around would be sent.
          onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        />
        <ul className={styles.list} aria-busy={isFetching}>
          {shown.map(({ id, title, group }) => (
            <li key={id}>
              <Avatar id={id} name={title} size="small" group={group} />
              <p><b dir="auto">{title}</b></p>
              <Button aria-label={t('admin.retention.keep.which', { title })} disabled={busy} onClick={() => onChoose(id)}>{t('admin.retention.keep')}</Button>
            </li>
          ))}
        </ul>
        <p role="status" className={styles.note}>{groups && shown.length === 0 ? t('common.nothing') : ''}</p>
        {isFetching && !groups && <Spinner />}
        {hasNextPage && <Button busy={isFetching} onClick={() => void fetchNextPage()}>{t('admin.more')}</Button>}
      </div>
    </Dialog>
  )
}
