import { Copy, RefreshCw, Trash2 } from 'lucide-react'
import { useContext, useState } from 'react'
import { toast } from 'sonner'
import type { Chat, Invite } from '@/api/types'
import { Button, IconButton } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Select } from '@/components/Select'
import { copyText } from '@/lib/clipboard'
import { brief, instant } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { ServerContext } from '@/lib/server'
import { shell } from '@/lib/shell'
import styles from './ChatInfo.module.css'
import { useInvites, useInviting, useJoinCode } from './server'

const DAY_S = 86_400

/// Links and a code that let people join a group.
export function Invites({ chat: { id: chat, code }, onClose }: { chat: Pick<Chat, 'id' | 'code'>; onClose: () => void }) {
  const t = useT()
  const server = useContext(ServerContext) || shell().site
  const invites = useInvites(chat)
  const { create, revoke } = useInviting(chat)
  const [days, setDays] = useState('7')
  const [uses, setUses] = useState('0')
  // The page's own address is the one that works for this person.
  const link = ({ token }: Invite) => `${server}/join/${token}`
  const copy = (invite: Invite) => void copyText(link(invite)).then(() => toast(t('message.link_copied')))
  const make = () => create.mutate({
    ...(days !== '0' && { expires_in_seconds: Number(days) * DAY_S }),
    ...(uses !== '0' && { max_uses: Number(uses) }),
  }, { onSuccess: copy })
  const usable = (invite: Invite) => !(invite.expires_at && instant(invite.expires_at) < new Date()) && !(invite.max_uses && invite.uses >= invite.max_uses)
  return (
    <Dialog title={t('invites.title')} onClose={onClose}>
      <div className={styles.body}>
        <p>{t('invites.hint')}</p>
        <Select
          inRow
          label={t('invites.life')}
          value={days}
          onChange={(event) => setDays(event.target.value)}
          options={[{ value: '1', text: t('members.life_days', { count: 1 }) }, { value: '7', text: t('members.life_days', { count: 7 }) }, { value: '30', text: t('members.life_days', { count: 30 }) }, { value: '0', text: t('invites.forever') }]}
        />
        <Select
          inRow
          label={t('invites.uses')}
          value={uses}
          onChange={(event) => setUses(event.target.value)}
          options={[{ value: '0', text: t('invites.unlimited') }, ...[1, 10, 100].map((count) => ({ value: String(count), text: t('invites.people', { count }) }))]}
        />
        <Button look="main" busy={create.isPending} onClick={make}>{t('invites.create')}</Button>
        <ul className={styles.invites} aria-label={t('invites.title')}>
          {invites?.map((invite) => (
            <li key={invite.id} data-used={!usable(invite) || undefined}>
              <p>
                <b dir="ltr">{link(invite)}</b>
                <small>
                  {[
                    t('invites.used', { count: invite.uses }),
                    !usable(invite) ? t('invites.over') : invite.expires_at ? t('invites.until', { time: brief(instant(invite.expires_at), t) }) : t('invites.forever'),
                  ].join(' · ')}
                </small>
              </p>
              {usable(invite) && <IconButton label={t('message.copy_link')} onClick={() => copy(invite)}><Copy size={17} /></IconButton>}
              <IconButton label={t('invites.revoke')} onClick={() => revoke.mutate(invite.id)}><Trash2 size={17} /></IconButton>
            </li>
          ))}
        </ul>
        <JoinCode chat={chat} code={code ?? null} />
      </div>
    </Dialog>
  )
}

function JoinCode({ chat, code }: { chat: number; code: string | null }) {
  const t = useT()
  const { renew, remove } = useJoinCode(chat)
  return (
    <section className={styles.code} aria-label={t('invites.code')}>
      <h4>{t('invites.code')}</h4>
      <p>{t('invites.code.hint')}</p>
      {code
        ? (
          <div>
            <code>{code}</code>
            <IconButton label={t('invites.code.copy')} onClick={() => void copyText(code).then(() => toast(t('message.copied')))}><Copy size={17} /></IconButton>
            <IconButton label={t('invites.code.renew')} onClick={() => renew.mutate()}><RefreshCw size={17} /></IconButton>
            <IconButton label={t('invites.code.remove')} onClick={() => remove.mutate()}><Trash2 size={17} /></IconButton>
          </div>
        )
        : <Button busy={renew.isPending} onClick={() => renew.mutate()}>{t('invites.code.create')}</Button>}
    </section>
  )
}
