import { X } from 'lucide-react'
import { IconButton } from '@/components/Button'
import { useT } from '@/lib/i18n'
import styles from './Composer.module.css'

/// Replies that the assistant suggests, to edit and send.
export function Suggestions({ texts, onChoose, onClose }: { texts: string[]; onChoose: (text: string) => void; onClose: () => void }) {
  const t = useT()
  return (
    <div className={styles.suggestions} role="group" aria-label={t('assistant.suggestions')}>
      {texts.map((text) => <button key={text} type="button" dir="auto" onClick={() => onChoose(text)}>{text}</button>)}
      <IconButton label={t('common.close')} onClick={onClose}><X size={17} /></IconButton>
    </div>
  )
}
