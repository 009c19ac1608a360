import { Ban, Crown, EllipsisVertical, ShieldMinus, ShieldPlus, UserMinus } from 'lucide-react'
import { useState } from 'react'
import { useRemoveMember } from '@/api/actions'
import type { Chat, Member, Role } from '@/api/types'
import { Button, IconButton } from '@/components/Button'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { PersonRow } from '@/components/PersonRow'
import { Search } from '@/components/Search'
import { useT, type Key } from '@/lib/i18n'
import styles from './ChatInfo.module.css'
import { useBan, useSetRole } from './server'

interface Props {
  chat: Chat
  members: Member[]
  me: number
  role: Role
  onPerson?: (user: number) => void
}

const roles: Record<Role, Key> = { owner: 'members.owner', admin: 'members.admin', member: 'members.member' }
const order: Record<Role, number> = { owner: 0, admin: 1, member: 2 }
const MANY = 12

type Doing = 'remove' | 'ban' | 'owner'

/// The people of a group, and what its owner and admins can do.
export function MemberList({ chat, members, me, role, onPerson }: Props) {
  const t = useT()
  const [words, setWords] = useState('')
  const [menu, setMenu] = useState<{ member: Member; at: Point } | null>(null)
  const [doing, setDoing] = useState<{ member: Member; what: Doing } | null>(null)
  const remove = useRemoveMember(chat.id)
  const ban = useBan(chat.id)
  const setRole = useSetRole(chat.id)
  const wanted = words.trim().toLocaleLowerCase()
  const shown = members
    .filter(({ user }) => `${user.display_name} ${user.username ?? ''}`.toLocaleLowerCase().includes(wanted))
    .sort((a, b) => order[a.role] - order[b.role] || a.user.display_name.localeCompare(b.user.display_name))
  const canManage = (member: Member) => member.user.id !== me && (role === 'owner' || (role === 'admin' && member.role === 'member'))
  const choose = (what: Doing) => () => { setDoing({ member: menu!.member, what }); setMenu(null) }
  const done = () => setDoing(null)
  const act = () => {
    if (!doing) return
    const user = doing.member.user.id
    if (doing.what === 'remove') remove.mutate(user, { onSuccess: done })
    else if (doing.what === 'ban') ban.mutate({ user, on: true }, { onSuccess: done })
    else setRole.mutate({ user, role: 'owner' }, { onSuccess: done })
  }
  const questions: Record<Doing, Key> = { remove: 'members.remove.sure', ban: 'members.ban.sure', owner: 'members.owner.sure' }
  return (
    <>
      {members.length > MANY && <div className={styles.find}><Search label={t('members.find')} value={words} onChange={(event) => setWords(event.target.value)} /></div>}
      {doing && (
        <div className={styles.sure} role="alertdialog" aria-label={t('members.sure')}>
          <p>{t(questions[doing.what], { name: doing.member.user.display_name })}</p>
          <Button look="danger" autoFocus busy={remove.isPending || ban.isPending || setRole.isPending} onClick={act}>{t('common.yes')}</Button>
          <Button onClick={done}>{t('common.cancel')}</Button>
        </div>
      )}
      <ul className={styles.list}>
        {shown.map((member) => (
          <PersonRow
            key={member.user.id}
            person={member.user}
            note={[member.user.id === me ? t('chats.you') : '', member.user.is_bot ? t('bots.tag') : '', t(roles[member.role])].filter(Boolean).join(' · ')}
            onSelect={onPerson && (() => onPerson(member.user.id))}
          >
            {canManage(member) && (
              <IconButton
                label={t('members.manage', { name: member.user.display_name })}
                aria-haspopup="menu"
                onClick={(event) => {
                  const { right, bottom } = event.currentTarget.getBoundingClientRect()
                  setMenu({ member, at: { x: right - 240, y: bottom } })
                }}
              >
                <EllipsisVertical size={18} />
              </IconButton>
            )}
          </PersonRow>
        ))}
      </ul>
      {menu && (
        <Menu label={t('members.manage', { name: menu.member.user.display_name })} at={menu.at} onClose={() => setMenu(null)}>
          {role === 'owner' && (
            <MenuItem
              icon={menu.member.role === 'admin' ? <ShieldMinus size={18} /> : <ShieldPlus size={18} />}
              onSelect={() => { setRole.mutate({ user: menu.member.user.id, role: menu.member.role === 'admin' ? 'member' : 'admin' }); setMenu(null) }}
            >
              {menu.member.role === 'admin' ? t('members.demote') : t('members.promote')}
            </MenuItem>
          )}
          {role === 'owner' && <MenuItem icon={<Crown size={18} />} onSelect={choose('owner')}>{t('members.hand_over')}</MenuItem>}
          <MenuItem icon={<UserMinus size={18} />} onSelect={choose('remove')}>{t('members.remove')}</MenuItem>
          <MenuItem icon={<Ban size={18} />} danger onSelect={choose('ban')}>{t('members.ban')}</MenuItem>
        </Menu>
      )}
    </>
  )
}
