import { useQueryClient } from '@tanstack/react-query'
import { FileX, RotateCcw, Trash2, X } from 'lucide-react'
import { discard, retry, retryWithout, useProgress, type Entry } from '@/api/outbox'
import { useT, type Key } from '@/lib/i18n'
import styles from './Unsent.module.css'

const reasons: Record<string, Key> = {
  too_large: 'problem.too_large',
  storage_full: 'problem.storage_full',
  quota_exceeded: 'problem.quota',
  http_413: 'problem.too_large',
  forbidden: 'problem.forbidden',
}

/// Under an unsent message: upload progress, or the error with retry and delete.
export function Unsent({ entry }: { entry: Entry }) {
  const t = useT()
  const cache = useQueryClient()
  const share = useProgress(entry.client_id)
  const { files } = entry
  if (entry.state === 'failed') {
    const at = files.length > 1 ? entry.refused_file ?? null : null
    const reason = t(reasons[entry.error ?? ''] ?? 'delivery.failed')
    return (
      <p className={styles.failed} role="status">
        <span>{at === null ? reason : t('delivery.refused_file', { name: files[at]?.name ?? '', reason })}</span>
        <button type="button" onClick={() => void retry(cache, entry.client_id)}><RotateCcw size={15} />{t('common.retry')}</button>
        {at !== null && <button type="button" onClick={() => void retryWithout(cache, entry.client_id, at)}><FileX size={15} />{t('delivery.without_file')}</button>}
        <button type="button" onClick={() => void discard(cache, entry.client_id)}><Trash2 size={15} />{t('message.delete')}</button>
      </p>
    )
  }
  if (files.length === 0) return null
  const percent = Math.round((share ?? 0) * 100)
  const done = files.filter((file) => file.attachment_id).length
  return (
    <p className={styles.progress}>
      <progress max={100} value={percent} aria-label={t('delivery.uploading')} />
      <span>{files.length > 1 && `${Math.min(done + 1, files.length)} / ${files.length} · `}{percent}%</span>
      <button type="button" aria-label={t('common.cancel')} title={t('common.cancel')} onClick={() => void discard(cache, entry.client_id)}><X size={16} /></button>
    </p>
  )
}
