import { useState } from 'react'
import type { ReportReason } from '@/api/types'
import { useT } from '@/lib/i18n'
import { reportReasons } from '@/lib/reports'
import { Area } from './Area'
import { Button } from './Button'
import styles from './Confirm.module.css'
import { Dialog } from './Dialog'
import { Select } from './Select'

const MAX_COMMENT = 1000

interface Props {
  title: string
  busy: boolean
  onSend: (report: { reason: ReportReason; comment?: string }) => void
  onClose: () => void
}

/// Asks what is wrong with a message or a person, for the administrators.
export function ReportDialog({ title, busy, onSend, onClose }: Props) {
  const t = useT()
  const [reason, setReason] = useState<ReportReason>('spam')
  const [comment, setComment] = useState('')
  const options = Object.entries(reportReasons).map(([value, text]) => ({ value, text: t(text) }))
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className={styles.body}
        onSubmit={(event) => {
          event.preventDefault()
          onSend({ reason, ...(comment.trim() && { comment: comment.trim() }) })
        }}
      >
        <p>{t('report.hint')}</p>
        <Select label={t('report.reason')} value={reason} options={options} onChange={(event) => setReason(event.target.value as ReportReason)} />
        <Area label={t('report.comment')} value={comment} maxLength={MAX_COMMENT} onChange={(event) => setComment(event.target.value)} />
        <div className={styles.buttons}>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="danger" busy={busy}>{t('report.send')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
