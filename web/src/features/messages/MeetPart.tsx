import { Video } from 'lucide-react'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import styles from './Content.module.css'
import { useMessages } from './context'

/// The way into a meeting that a message announces, or the offer to create one where the assistant proposes it.
export function MeetPart({ message }: { message: Message }) {
  const t = useT()
  const { onMeet } = useMessages()
  const { meet_url, suggest_meet } = message.payload ?? {}
  if (typeof meet_url === 'string' && /^https?:\/\//.test(meet_url)) {
    return <a className={styles.meet} href={meet_url} target="_blank" rel="noreferrer noopener"><Video size={18} />{t('meeting.join')}</a>
  }
  if (suggest_meet !== true || !onMeet) return null
  return <button type="button" className={styles.meet} onClick={onMeet}><Video size={18} />{t('meeting.create')}</button>
}
