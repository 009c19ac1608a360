import { useState } from 'react'
import type { AuditEntry } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Search } from '@/components/Search'
import { Time } from '@/components/Time'
import { useT, type T as Translate } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'
import { useAuditLog, useExportAuditLog } from './api'
import styles from './Settings.module.css'

function actor({ type, id, name }: AuditEntry['actor'], t: Translate): string {
  if (type === 'user') return name ?? String(id)
  return type === 'operator' ? t('audit.operator') : t('audit.system')
}

const details = (entry: AuditEntry) => Object.entries(entry.details as Record<string, unknown>)
  .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`).join(', ')

/// Who did what to the server and its accounts, for administrators.
export function AuditLog() {
  const t = useT()
  const [action, setAction] = useState('')
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useAuditLog(useDebounced(action.trim(), 250))
  const save = useExportAuditLog()
  const entries = (!error && data?.pages.flat()) || []
  return (
    <section className={styles.block} aria-label={t('settings.audit')}>
      <p className={styles.note}>{t('audit.hint')}</p>
      <Search label={t('audit.action')} value={action} onChange={(event) => setAction(event.target.value)} />
      <div className={styles.line}>
        {(['csv', 'jsonl'] as const).map((format) => (
          <Button
            key={format}
            busy={save.isPending && save.variables === format}
            onClick={() => save.mutate(format)}
          >
            {t('audit.export', { format: format === 'csv' ? 'CSV' : 'JSON Lines' })}
          </Button>
        ))}
      </div>
      <ul className={styles.list} aria-busy={isFetching}>
        {entries.map((entry) => (
          <li key={entry.id}>
            <p>
              <b dir="auto">{entry.action} · {actor(entry.actor, t)}</b>
              <small dir="auto">
                {entry.target && <>{entry.target.type} {entry.target.name ?? entry.target.id} · </>}
                <Time at={entry.at} form="brief" />{entry.address && <> · {entry.address}</>}
              </small>
              {details(entry) && <small dir="auto">{details(entry)}</small>}
            </p>
          </li>
        ))}
      </ul>
      <p role="status" className={styles.note}>{(error || data) && entries.length === 0 ? t('audit.none') : ''}</p>
      {isFetching && !data && <Spinner />}
      {hasNextPage && <Button busy={isFetching} onClick={() => void fetchNextPage()}>{t('admin.more')}</Button>}
    </section>
  )
}
