import { Bell } from 'lucide-react'
import { useEffect } from 'react'
import { useChats, useMe } from '@/api/queries'
import { Button } from '@/components/Button'
import { useT } from '@/lib/i18n'
import { askPermission, permission, setNotifyChoices, useNotifyChoices } from '@/lib/notify'
import styles from './NotifyPrompt.module.css'

/// Offers notifications once the user has sent a message, and so may expect an answer. Whoever puts it off is not asked
/// again; the settings have it. The browser's own question comes only after "turn on".
export function NotifyPrompt() {
  const t = useT()
  const me = useMe()
  const { chats } = useChats()
  const { askedAt, hasSent } = useNotifyChoices()
  const sends = chats?.some(({ last_message: last }) => last && last.type !== 'system' && last.author_id === me?.id) ?? false
  // The answer comes next, and must not take the offer away.
  useEffect(() => {
    if (sends && !hasSent) setNotifyChoices({ hasSent: true })
  }, [sends, hasSent])
  if (!(hasSent || sends) || askedAt > 0 || permission() !== 'default') return null
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
