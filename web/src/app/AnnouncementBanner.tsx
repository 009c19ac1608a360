import { Megaphone } from 'lucide-react'
import { useAnnouncement } from '@/api/queries'
import { useT } from '@/lib/i18n'
import styles from './AnnouncementBanner.module.css'

/// What the administrators announce to everybody.
export function AnnouncementBanner() {
  const t = useT()
  const shown = useAnnouncement()
  if (!shown) return null
  return (
    <section className={styles.banner} role="status" aria-label={t('announcement.title')}>
      <Megaphone size={20} aria-hidden="true" />
      <p dir="auto">{shown.text}</p>
    </section>
  )
}
