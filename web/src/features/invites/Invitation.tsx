import { Users } from 'lucide-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { putChat } from '@/api/events'
import { ApiError, request } from '@/api/http'
import { keys } from '@/api/keys'
import type { Chat, InvitedTo } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { useT } from '@/lib/i18n'
import styles from './Invitation.module.css'

/// Where an invitation's link leads: the group, and the question whether to join.
export function Invitation({ token, onOpen, onClose }: { token: string; onOpen: (chat: number) => void; onClose: () => void }) {
  const t = useT()
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: keys.invited(token),
    queryFn: ({ signal, client }) => request<InvitedTo>(client, 'GET', `/invites/${encodeURIComponent(token)}`, { signal }),
    staleTime: 0,
  })
  const join = useMutation({
    mutationFn: (_: void, { client }) => request<Chat>(client, 'POST', `/invites/${encodeURIComponent(token)}/join`),
    onSuccess: (chat) => {
      putChat(cache, chat)
      onOpen(chat.id)
    },
  })
  const over = error instanceof ApiError && error.status < 500 && error.status !== 429
  return (
    <Dialog title={t('invites.welcome')} onClose={onClose}>
      <div className={styles.body}>
        {!data && !error && <p role="status"><Spinner /></p>}
        {error && (
          <>
            <h3>{over ? t('invites.invalid') : t('problem.offline')}</h3>
            {over && <p>{t('invites.invalid.hint')}</p>}
            {over ? <Button onClick={onClose}>{t('common.close')}</Button> : <Button onClick={() => void refetch()}>{t('common.retry')}</Button>}
          </>
        )}
        {data && (
          <>
            <Avatar id={data.chat.id} name={data.chat.title} url={data.chat.avatar_url} size="large" group />
            <h3 dir="auto">{data.chat.title}</h3>
            <p className={styles.count}><Users size={16} />{t('chats.members', { count: data.chat.member_count })}</p>
            {data.chat.description && <p dir="auto">{data.chat.description}</p>}
            <div className={styles.actions}>
              {data.chat.is_member
                ? <Button look="main" data-first onClick={() => onOpen(data.chat.id)}>{t('invites.open')}</Button>
                : <Button look="main" data-first busy={join.isPending} onClick={() => join.mutate()}>{t('invites.join')}</Button>}
              <Button onClick={onClose}>{t('invites.not_now')}</Button>
            </div>
          </>
        )}
      </div>
    </Dialog>
  )
}
