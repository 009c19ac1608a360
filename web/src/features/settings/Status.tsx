import type { ReactNode } from 'react'
import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import { size } from '@/lib/media'
import { useServerStatus } from './api'
import styles from './Settings.module.css'

/// How the server is doing: what it holds, what waits, when it was last backed up.
export function Status() {
  const t = useT()
  const status = useServerStatus()
  if (!status) return null
  const when = (at: string | null | undefined) => (at ? <Time at={at} form="brief" /> : <em>{t('admin.status.never')}</em>)
  const figures: [string, ReactNode][] = [
    [t('admin.status.version'), status.version],
    [t('admin.status.sockets'), status.sockets],
    [t('admin.status.database'), size(status.database_bytes, t)],
    [t('admin.status.files'), size(status.storage_bytes, t)],
    ...(typeof status.disk_free_bytes === 'number' ? [[t('admin.status.free'), size(status.disk_free_bytes, t)] as [string, ReactNode]] : []),
    [t('admin.status.backup'), when(status.last_backup?.started_at)],
    [t('admin.status.verified'), when(status.last_verified_backup_at)],
    ...(status.open_reports > 0 ? [[t('admin.status.reports'), status.open_reports] as [string, ReactNode]] : []),
    ...(status.scheduled_overdue > 0 ? [[t('admin.status.waiting'), status.scheduled_overdue] as [string, ReactNode]] : []),
    ...(status.search_pending > 0 ? [[t('admin.status.search'), status.search_pending] as [string, ReactNode]] : []),
  ]
  const failure = status.backups[0]?.failure
  return (
    <section className={styles.block} aria-label={t('admin.status')}>
      <h4>{t('admin.status')}</h4>
      <dl className={styles.figures}>{figures.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {status.warnings?.map((warning) => <p key={warning} className={styles.warning} dir="auto">{warning}</p>)}
      {failure && <p className={styles.warning} dir="auto">{t('admin.status.failed', { why: failure })}</p>}
    </section>
  )
}
