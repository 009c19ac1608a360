import type { ReactNode } from 'react'
import { explain } from '@/api/explain'
import type { StorageUse } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Spinner } from '@/components/Button'
import { Problem } from '@/components/Problem'
import { useLanguage, useT } from '@/lib/i18n'
import { size } from '@/lib/media'
import { useServerStatus, useStorageUse } from './api'
import styles from './Settings.module.css'

/// What takes up storage on the server, for administrators.
export function Storage() {
  const t = useT()
  const status = useServerStatus()
  const { data: users, error } = useStorageUse()
  const figures: [string, ReactNode][] = status ? [
    [t('admin.status.files'), size(status.storage_bytes, t)],
    [t('admin.status.database'), size(status.database_bytes, t)],
    ...(typeof status.disk_free_bytes === 'number' ? [[t('admin.status.free'), size(status.disk_free_bytes, t)] as [string, ReactNode]] : []),
  ] : []
  return (
    <div className={styles.stack}>
      <dl className={styles.figures}>{figures.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      <section className={styles.block} aria-label={t('storage.users')}>
        <h4>{t('storage.users')}</h4>
        <Problem>{error ? t(explain(error)) : null}</Problem>
        {!users && !error && <Spinner />}
        {users?.length === 0 && <p className={styles.note}>{t('storage.none')}</p>}
        <ul className={styles.list}>{users?.map((use) => <Row key={use.user_id} use={use} all={status?.storage_bytes ?? 0} />)}</ul>
      </section>
    </div>
  )
}

function Row({ use: { user_id, username, display_name, bytes }, all }: { use: StorageUse; all: number }) {
  const t = useT()
  const language = useLanguage()
  const share = all > 0 ? (bytes / all).toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 }) : null
  return (
    <li>
      <Avatar id={user_id} name={display_name} size="small" />
      <p>
        <b dir="auto">{display_name}</b>
        <small>{[username && `@${username}`, share && t('storage.share', { share })].filter(Boolean).join(' · ')}</small>
      </p>
      <span>{size(bytes, t)}</span>
    </li>
  )
}
