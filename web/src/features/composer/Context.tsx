import { Pencil, Reply, X } from 'lucide-react'
import type { Message, Quote } from '@/api/types'
import { IconButton } from '@/components/Button'
import { useT } from '@/lib/i18n'
import { withoutMarks } from '@/lib/markdown'
import styles from './Composer.module.css'

interface Props {
  editing: Message | null
  quoted: Quote | null
  onEdit: (message: null) => void
  onQuote: (quoted: null) => void
}

/// Above the field: the message that is edited or replied to.
export function Context({ editing, quoted, onEdit, onQuote }: Props) {
  const t = useT()
  if (!editing && !quoted) return null
  const text = editing ? editing.content : quoted?.text
  return (
    <div className={styles.editing}>
      {editing ? <Pencil size={18} /> : <Reply size={18} />}
      <p><b>{editing ? t('composer.editing') : t('composer.answering')}</b><span dir="auto">{withoutMarks(text ?? '')}</span></p>
      <IconButton label={t('common.cancel')} onClick={() => (editing ? onEdit(null) : onQuote(null))}><X size={18} /></IconButton>
    </div>
  )
}
