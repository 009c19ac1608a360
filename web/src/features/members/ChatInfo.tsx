import { Ban, CalendarClock, Images, Link, LogOut, Pin, Settings, Trash2, UserPlus, Webhook } from 'lucide-react'
import { useState } from 'react'
import { useDeleteChat, useLeaveChat } from '@/api/actions'
import { useMembers } from '@/api/queries'
import type { Chat } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { RichText } from '@/components/RichText'
import { useT } from '@/lib/i18n'
import { useOpenPerson } from '@/lib/person'
import { AddMembers } from './AddMembers'
import { Bans } from './Bans'
import styles from './ChatInfo.module.css'
import { EditChat } from './EditChat'
import { Invites } from './Invites'
import { MemberList } from './MemberList'
import { OwnSettings, SharedSettings } from './OwnSettings'
import { useDaysKept } from './server'

interface Props {
  chat: Chat
  me: number
  onView: (view: 'media' | 'pins' | 'scheduled' | 'webhooks') => void
  onClose: () => void
}

type Page = 'add' | 'edit' | 'bans' | 'invites'

/// A chat's members and settings.
export function ChatInfo({ chat, me, onView, onClose }: Props) {
  const t = useT()
  const members = useMembers(chat.id)
  const days = useDaysKept(chat.id)
  const openPerson = useOpenPerson()
  const [page, setPage] = useState<Page | null>(null)
  const [confirming, setConfirming] = useState<'leave' | 'delete' | null>(null)
  const leave = useLeaveChat(me)
  const erase = useDeleteChat()
  const role = members?.find((member) => member.user.id === me)?.role ?? chat.role
  const moderator = chat.is_group && role !== 'member'
  const act = () => (confirming === 'leave' ? leave : erase).mutate(chat.id, { onSuccess: onClose })
  const back = () => setPage(null)
  const toPerson = openPerson ? (id: number) => { onClose(); openPerson(id) } : undefined

  if (page === 'add' && members) return <AddMembers chat={chat.id} members={members} onClose={back} />
  if (page === 'edit') return <EditChat chat={chat} onClose={back} />
  if (page === 'bans') return <Bans chat={chat.id} onClose={back} />
  if (page === 'invites') return <Invites chat={chat} onClose={back} />
  return (
    <Dialog title={chat.kind === 'channel' ? t('members.channel') : chat.is_group ? t('members.group') : t('members.private')} onClose={onClose}>
      <div className={styles.body}>
        <div className={styles.head}>
          <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} size="large" group={chat.is_group} />
          {chat.peer && toPerson
            ? <button type="button" className={styles.peer} onClick={() => toPerson(chat.peer!.id)}><h3 dir="auto">{chat.title}</h3></button>
            : <h3 dir="auto">{chat.title}</h3>}
          <p>{chat.is_group ? t('chats.members', { count: chat.member_count }) : chat.peer?.username ? `@${chat.peer.username}` : ''}</p>
        </div>
        {chat.description && <div className={styles.about}><RichText text={chat.description} /></div>}
        {days !== null && <p className={styles.kept}>{t('members.kept', { count: days })}</p>}
        <div className={styles.places}>
          <button type="button" onClick={() => onView('media')}><Images size={19} />{t('media.title')}</button>
          <button type="button" onClick={() => onView('pins')}><Pin size={19} />{t('pins.title')}</button>
          <button type="button" onClick={() => onView('scheduled')}><CalendarClock size={19} />{t('scheduled.title')}</button>
          {moderator && <button type="button" onClick={() => setPage('edit')}><Settings size={19} />{t('members.edit')}</button>}
          {moderator && <button type="button" onClick={() => setPage('invites')}><Link size={19} />{t('invites.title')}</button>}
          {moderator && <button type="button" onClick={() => onView('webhooks')}><Webhook size={19} />{t('webhooks.title')}</button>}
          {moderator && <button type="button" onClick={() => setPage('bans')}><Ban size={19} />{t('members.bans')}</button>}
        </div>
        {chat.kind !== 'saved' && <OwnSettings chat={chat} />}
        {chat.kind === 'private' && <SharedSettings chat={chat} />}
        {chat.is_group && (
          <section aria-label={t('members.title')}>
            {moderator && (
              <button type="button" className={styles.add} onClick={() => setPage('add')}>
                <span><UserPlus size={21} /></span>{t('members.add')}
              </button>
            )}
            <MemberList chat={chat} members={members ?? []} me={me} role={role} onPerson={toPerson} />
          </section>
        )}
        {confirming
          ? (
            <div className={styles.sure} role="alertdialog" aria-label={t('members.sure')}>
              <p>{confirming === 'leave' ? t('members.leave.sure') : chat.is_group ? t('members.delete.sure') : t('members.hide.sure')}</p>
              <Button look="danger" busy={leave.isPending || erase.isPending} autoFocus onClick={act}>{t('common.yes')}</Button>
              <Button onClick={() => setConfirming(null)}>{t('common.cancel')}</Button>
            </div>
          )
          : (
            <div className={styles.actions}>
              {chat.is_group && <Button onClick={() => setConfirming('leave')}><LogOut size={18} />{t('members.leave')}</Button>}
              {(!chat.is_group || role === 'owner') && chat.kind !== 'saved' && <Button look="danger" onClick={() => setConfirming('delete')}><Trash2 size={18} />{t('members.delete')}</Button>}
            </div>
          )}
      </div>
    </Dialog>
  )
}
