import { LogOut, Trash2, UserMinus, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useDeleteChat, useLeaveChat, useRemoveMember } from '@/api/actions'
import { useMembers } from '@/api/queries'
import type { Chat, Member } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button, IconButton } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { PersonRow } from '@/components/PersonRow'
import { useT, type Key } from '@/lib/i18n'
import { useOpenPerson } from '@/lib/person'
import { AddMembers } from './AddMembers'
import styles from './ChatInfo.module.css'
import { Rename } from './Rename'

interface Props {
  chat: Chat
  me: number
  onClose: () => void
}

const roles: Record<Member['role'], Key> = { owner: 'members.owner', admin: 'members.admin', member: 'members.member' }

/// A chat's members and settings.
export function ChatInfo({ chat, me, onClose }: Props) {
  const t = useT()
  const members = useMembers(chat.id)
  const openPerson = useOpenPerson()
  const [adding, setAdding] = useState(false)
  const [confirming, setConfirming] = useState<'leave' | 'delete' | null>(null)
  const remove = useRemoveMember(chat.id)
  const leave = useLeaveChat(me)
  const erase = useDeleteChat()
  const role = members?.find((member) => member.user.id === me)?.role
  const moderator = role === 'owner' || role === 'admin'
  const act = () => (confirming === 'leave' ? leave : erase).mutate(chat.id, { onSuccess: onClose })

  if (adding && members) return <AddMembers chat={chat.id} members={members} onClose={() => setAdding(false)} />
  return (
    <Dialog title={chat.is_group ? t('members.group') : t('members.private')} onClose={onClose}>
      <div className={styles.body}>
        <div className={styles.head}>
          <Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} size="large" group={chat.is_group} />
          {chat.is_group && moderator ? <Rename key={chat.title} chat={chat} /> : <h3>{chat.title}</h3>}
          <p>{chat.is_group ? t('chats.members', { count: chat.member_count }) : chat.peer?.username ? `@${chat.peer.username}` : ''}</p>
        </div>
        {chat.is_group && (
          <section aria-label={t('members.title')}>
            {moderator && (
              <button type="button" className={styles.add} onClick={() => setAdding(true)}>
                <span><UserPlus size={21} /></span>{t('members.add')}
              </button>
            )}
            <ul className={styles.list}>
              {members?.map((member) => (
                <PersonRow
                  key={member.user.id}
                  person={member.user}
                  onSelect={openPerson ? () => { onClose(); openPerson(member.user.id) } : undefined}
                  note={[member.user.id === me ? t('chats.you') : '', t(roles[member.role])].filter(Boolean).join(' · ')}
                >
                  {moderator && member.user.id !== me && member.role !== 'owner' && (
                    <IconButton label={t('members.remove', { name: member.user.display_name })} onClick={() => remove.mutate(member.user.id)}>
                      <UserMinus size={18} />
                    </IconButton>
                  )}
                </PersonRow>
              ))}
            </ul>
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
              {(!chat.is_group || moderator) && <Button look="danger" onClick={() => setConfirming('delete')}><Trash2 size={18} />{t('members.delete')}</Button>}
            </div>
          )}
      </div>
    </Dialog>
  )
}
