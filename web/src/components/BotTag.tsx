import { useT } from '@/lib/i18n'
import styles from './BotTag.module.css'

/// Says that an author is a program.
export function BotTag() {
  const t = useT()
  return <span className={styles.tag}>{t('bots.tag')}</span>
}
