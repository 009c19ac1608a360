import { useState } from 'react'
import type { ChatOverview } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Search } from '@/components/Search'
import { Time } from '@/components/Time'
import { useT, type T as Translate } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'
import { useAllChats, useDeleteAnyChat } from './allChats'
import { ChatOwner } from './ChatOwner'
import styles from './Settings.module.css'

/// All groups and channels of the server, for its administrators.
export function Chats() {
  const t = useT()
  const [words, setWords] = useState('')
  const { data: chats, hasNextPage, fetchNextPage, isFetching } = useAllChats(useDebounced(words.trim(), 250))
  return (
    <section className={styles.block} aria-label={t('admin.chats')}>
      <p className={styles.note}>{t('admin.chats.hint')}</p>
      <Search label={t('admin.chats.search')} value={words} onChange={(event) => setWords(event.target.value)} />
      <ul className={styles.list} aria-busy={isFetching}>
        {chats?.map((chat) => <Row key={chat.id} chat={chat} />)}
      </ul>
      <p role="status" className={styles.note}>{chats?.length === 0 ? t('common.nothing') : ''}</p>
      {isFetching && !chats && <Spinner />}
      {hasNextPage && <Button busy={isFetching} onClick={() => void fetchNextPage()}>{t('admin.more')}</Button>}
    </section>
  )
}

function ownerOf({ owner }: ChatOverview, t: Translate): string {
  if (!owner) return t('admin.chats.ownerless')
  const name = owner.deleted ? t('person.deleted') : owner.display_name
  return owner.deactivated ? t('admin.chats.owned_inactive', { name }) : t('admin.chats.owned', { name })
}

function Row({ chat }: { chat: ChatOverview }) {
  const t = useT()
  const [asking, setAsking] = useState(false)
  const [choosing, setChoosing] = useState(false)
  const remove = useDeleteAnyChat()
  const { id, title, member_count: count } = chat
  return (
    <li>
      <Avatar id={id} name={title} size="small" group />
      <p>
        <b dir="auto">{title} {chat.kind === 'channel' && <span className={styles.tag}>{t('admin.chats.channel')}</span>}</b>
        <small dir="auto">{ownerOf(chat, t)}</small>
        <small>
          {t('chats.members', { count })} · <Time at={chat.active_at} form="brief" />
          {chat.is_exempt && ` · ${t('admin.chats.exempt')}`}
        </small>
      </p>
      <div className={styles.actions}>
        <Button aria-label={t('admin.chats.owner.which', { title })} onClick={() => setChoosing(true)}>{t('admin.chats.owner')}</Button>
        <Button look="danger" aria-label={t('admin.chats.delete.which', { title })} onClick={() => setAsking(true)}>{t('admin.chats.delete')}</Button>
      </div>
      {choosing && <ChatOwner chat={chat} onClose={() => setChoosing(false)} />}
      {asking && (
        <Confirm
          title={t('admin.chats.delete.sure', { title })}
          action={t('admin.chats.delete')}
          busy={remove.isPending}
          onClose={() => setAsking(false)}
          onConfirm={() => remove.mutate(id, { onSettled: () => setAsking(false) })}
        >
          <p>{t('admin.chats.delete.hint', { count })}</p>
        </Confirm>
      )}
    </li>
  )
}
