import { useQueryClient } from '@tanstack/react-query'
import { RotateCcw, Trash2, X } from 'lucide-react'
import { discard, retry, useProgress, type Entry } from '@/api/outbox'
import { useT, type Key } from '@/lib/i18n'
import styles from './Unsent.module.css'

const reasons: Record<string, Key> = {
  too_large: 'problem.too_large',
  storage_full: 'problem.storage_full',
  http_413: 'problem.too_large',
  forbidden: 'problem.forbidden',
}

/// Under an unsent message: upload progress, or the error with retry and delete.
export function Unsent({ entry }: { entry: Entry }) {
  const t = useT()
  const cache = useQueryClient()
  const share = useProgress(entry.client_id)
  if (entry.state === 'failed') {
    return (
      <p className={styles.failed} role="status">
        <span>{t(reasons[entry.error ?? ''] ?? 'delivery.failed')}</span>
        <button type="button" onClick={() => void retry(cache, entry.client_id)}><RotateCcw size={15} />{t('common.retry')}</button>
        <button type="button" onClick={() => void discard(cache, entry.client_id)}><Trash2 size={15} />{t('message.delete')}</button>
      </p>
    )
  }
  if (!entry.file) return null
  const percent = Math.round((share ?? 0) * 100)
  return (
    <p className={styles.progress}>
      <progress max={100} value={percent} aria-label={t('delivery.uploading')} />
      <span>{percent}%</span>
      <button type="button" aria-label={t('common.cancel')} title={t('common.cancel')} onClick={() => void discard(cache, entry.client_id)}><X size={16} /></button>
    </p>
  )
}
