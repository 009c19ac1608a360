import { useState } from 'react'
import type { Report, ReportPerson } from '@/api/types'
import { Area } from '@/components/Area'
import { Button, Spinner } from '@/components/Button'
import { Segments } from '@/components/Segments'
import { Time } from '@/components/Time'
import { useT, type T as Translate } from '@/lib/i18n'
import { reportReasons } from '@/lib/reports'
import { useCloseReport, useReports } from './api'
import styles from './Settings.module.css'

const nameOf = (person: ReportPerson, t: Translate) => person.display_name ?? t('person.deleted')

/// What users reported, for administrators.
export function Reports() {
  const t = useT()
  const [closed, setClosed] = useState(false)
  const { data, hasNextPage, fetchNextPage, isFetching } = useReports(closed)
  const reports = data?.pages.flat() ?? []
  return (
    <section className={styles.block} aria-label={t('settings.reports')}>
      <Segments
        label={t('settings.reports')}
        value={closed ? 'closed' : 'open'}
        options={[{ value: 'open', text: t('reports.open') }, { value: 'closed', text: t('reports.closed') }]}
        onChange={(value) => setClosed(value === 'closed')}
      />
      <ul className={styles.list} aria-busy={isFetching}>
        {reports.map((report) => <Row key={report.id} report={report} />)}
      </ul>
      <p role="status" className={styles.note}>{data && reports.length === 0 ? t('reports.none') : ''}</p>
      {isFetching && !data && <Spinner />}
      {hasNextPage && <Button busy={isFetching} onClick={() => void fetchNextPage()}>{t('admin.more')}</Button>}
    </section>
  )
}

function Row({ report }: { report: Report }) {
  const t = useT()
  const [note, setNote] = useState('')
  const close = useCloseReport()
  const decide = (decision: 'resolve' | 'dismiss') => close.mutate({ id: report.id, decision, note: note.trim() || undefined })
  const { message } = report
  return (
    <li>
      <p>
        <b dir="auto">{t(reportReasons[report.reason])} · {nameOf(report.user, t)}</b>
        <small>
          {t('reports.by', { name: nameOf(report.reporter, t) })}
          {message?.chat_title && <> · {message.chat_title}</>} · <Time at={report.created_at} form="brief" />
        </small>
        {message && <span dir="auto" className={styles.quote}>{message.text || t('reports.no_text')}</span>}
        {report.comment && <span dir="auto">{report.comment}</span>}
        {report.closed_by && (
          <small>
            {report.state === 'resolved' ? t('reports.resolved_by', { name: nameOf(report.closed_by, t) }) : t('reports.dismissed_by', { name: nameOf(report.closed_by, t) })}
            {report.note && <> · {report.note}</>}
          </small>
        )}
      </p>
      {report.state === 'open' && (
        <div className={styles.decision}>
          <Area label={t('reports.note')} rows={1} maxLength={1000} value={note} onChange={(event) => setNote(event.target.value)} />
          <Button look="main" busy={close.isPending} onClick={() => decide('resolve')}>{t('reports.resolve')}</Button>
          <Button busy={close.isPending} onClick={() => decide('dismiss')}>{t('reports.dismiss')}</Button>
        </div>
      )}
    </li>
  )
}
