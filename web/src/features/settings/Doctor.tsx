import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { explain } from '@/api/explain'
import type { Finding, ServerFindings } from '@/api/types'
import { Button } from '@/components/Button'
import { Problem } from '@/components/Problem'
import { useT, type Key } from '@/lib/i18n'
import { useExamination } from './api'
import styles from './Settings.module.css'

type Severity = Finding['severity']

const severities: Record<Severity, { text: Key; icon: ReactNode }> = {
  ok: { text: 'doctor.ok', icon: <CircleCheck size={20} aria-hidden="true" /> },
  warning: { text: 'doctor.warning', icon: <TriangleAlert size={20} className={styles.fault} aria-hidden="true" /> },
  error: { text: 'doctor.error', icon: <CircleAlert size={20} className={styles.fault} aria-hidden="true" /> },
}
const results: Record<Severity, Key> = { ok: 'doctor.fine', warning: 'doctor.warnings', error: 'doctor.errors' }
const order: Severity[] = ['error', 'warning', 'ok']

const worstFirst = (found: ServerFindings) => order.flatMap((severity) => found.findings.filter((finding) => finding.severity === severity))

/// What is wrong with the server and what to change, for administrators.
export function Doctor() {
  const t = useT()
  const { data, error, isFetching, refetch } = useExamination()
  return (
    <section className={styles.block} aria-label={t('settings.doctor')}>
      <p className={styles.note}>{t('doctor.hint')}</p>
      <Button look="main" busy={isFetching} onClick={() => void refetch()}>{t('doctor.run')}</Button>
      <p role="status" className={styles.note}>{isFetching ? t('doctor.running') : data && t(results[data.status])}</p>
      <Problem>{error && !isFetching ? t(explain(error)) : null}</Problem>
      {data && <ul className={styles.list}>{worstFirst(data).map((finding) => <Row key={finding.check} finding={finding} />)}</ul>}
    </section>
  )
}

function Row({ finding: { check, severity, summary, advice } }: { finding: Finding }) {
  const t = useT()
  const { icon, text } = severities[severity]
  return (
    <li>
      {icon}
      <p>
        <b dir="ltr">{check}</b>
        <small>{t(text)}</small>
        <span dir="ltr" lang="en">{summary}</span>
      </p>
      {advice.map(({ program, lines }) => (
        <details key={program} className={styles.lines}>
          <summary>{t('doctor.lines', { program })}</summary>
          <pre dir="ltr" tabIndex={0} role="region" aria-label={t('doctor.lines', { program })}>{lines}</pre>
        </details>
      ))}
    </li>
  )
}
