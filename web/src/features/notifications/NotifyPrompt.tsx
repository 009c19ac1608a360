import { Bell } from 'lucide-react'
import { useState } from 'react'
import { useChats } from '@/api/queries'
import { Button } from '@/components/Button'
import { useT } from '@/lib/i18n'
import { askPermission, permission, setNotifyChoices, useNotifyChoices } from '@/lib/notify'
import styles from './NotifyPrompt.module.css'

const AGAIN_MS = 30 * 24 * 3600_000

/// Offers notifications once there is a conversation: the browser's own question comes only after "turn on".
export function NotifyPrompt() {
  const t = useT()
  const { chats } = useChats()
  const { askedAt } = useNotifyChoices()
  const [now] = useState(() => Date.now())
  const talking = chats?.some((chat) => chat.last_message && chat.last_message.type !== 'system') ?? false
  if (!talking || permission() !== 'default' || now - askedAt < AGAIN_MS) return null
  return (
    <section className={styles.prompt} aria-label={t('settings.notifications')}>
      <Bell size={20} aria-hidden="true" />
      <p>{t('notify.offer')}</p>
      <div>
        <Button look="main" onClick={() => void askPermission()}>{t('notify.turn_on')}</Button>
        <Button onClick={() => setNotifyChoices({ askedAt: Date.now() })}>{t('notify.later')}</Button>
      </div>
    </section>
  )
}
