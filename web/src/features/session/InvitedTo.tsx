import { useEffect, useState } from 'react'
import { look } from '@/api/http'
import type { InvitedTo as Invited } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { useT } from '@/lib/i18n'
import styles from './SignIn.module.css'

/// On the sign-in page of an invitation's link: to which group it leads. It asks to join after signing in.
export function InvitedTo({ token }: { token: string }) {
  const t = useT()
  const [chat, setChat] = useState<Invited['chat'] | null>(null)
  useEffect(() => {
    const end = new AbortController()
    look<Invited>('', `/invites/${encodeURIComponent(token)}/preview`, end.signal).then((invited) => setChat(invited.chat), () => undefined)
    return () => end.abort()
  }, [token])
  if (!chat) return null
  return (
    <div className={styles.invited} role="status">
      <Avatar id={chat.id} name={chat.title} url={chat.avatar_url} group />
      <p>{t('session.invited')}<strong dir="auto">{chat.title}</strong></p>
    </div>
  )
}
