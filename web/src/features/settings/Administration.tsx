import { useState } from 'react'
import type { Account, User } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Search } from '@/components/Search'
import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import { useDebounced } from '@/lib/useDebounced'
import { AccountAccess } from './AccountAccess'
import { PushState } from './PushLog'
import { AnnouncementForm, RegistrationChoice } from './ServerSettings'
import { Retention } from './Retention'
import { Status } from './Status'
import { useAccounts, useAppointAdmin, useDeactivateAccount, useDismissAdmin, useReactivateAccount } from './api'
import styles from './Settings.module.css'

/// The state and the accounts of this server, for its administrators.
export function Administration({ me }: { me: User }) {
  const t = useT()
  const [words, setWords] = useState('')
  const { data, hasNextPage, fetchNextPage, isFetching } = useAccounts(useDebounced(words.trim(), 250))
  const accounts = data?.pages.flat() ?? []
  return (
    <div className={styles.stack}>
      <Status />
      <PushState />
      <RegistrationChoice />
      <Retention />
      <AnnouncementForm />
      <section className={styles.block} aria-label={t('admin.accounts')}>
        <h4>{t('admin.accounts')}</h4>
        <Search label={t('admin.search')} value={words} onChange={(event) => setWords(event.target.value)} />
        <ul className={styles.list} aria-busy={isFetching}>
          {accounts.map((account) => <Row key={account.id} account={account} own={account.id === me.id} />)}
        </ul>
        <p role="status" className={styles.note}>{data && accounts.length === 0 ? t('people.none') : ''}</p>
        {isFetching && !data && <Spinner />}
        {hasNextPage && <Button busy={isFetching} onClick={() => void fetchNextPage()}>{t('admin.more')}</Button>}
      </section>
    </div>
  )
}

function Row({ account, own }: { account: Account; own: boolean }) {
  const t = useT()
  const [asking, setAsking] = useState(false)
  const [access, setAccess] = useState(false)
  const deactivate = useDeactivateAccount()
  const reactivate = useReactivateAccount()
  const appoint = useAppointAdmin()
  const dismiss = useDismissAdmin()
  const { id, display_name: name } = account
  return (
    <li>
      <Avatar id={id} name={name} size="small" />
      <p>
        <b dir="auto">{name} {account.is_admin && <span className={styles.tag}>{t('admin.admin')}</span>}</b>
        <small>
          {[account.username && `@${account.username}`, account.email].filter(Boolean).join(' · ')}
          {account.deactivated_at ? <> · {t('admin.deactivated')}</> : account.last_seen_at && <> · <Time at={account.last_seen_at} form="brief" /></>}
        </small>
      </p>
      {!own && (
        <div className={styles.actions}>
          {!account.deactivated_at && (
            <Button
              aria-label={account.is_admin ? t('admin.dismiss.whom', { name }) : t('admin.appoint.whom', { name })}
              busy={appoint.isPending || dismiss.isPending}
              onClick={() => (account.is_admin ? dismiss : appoint).mutate(id)}
            >
              {account.is_admin ? t('admin.dismiss') : t('admin.appoint')}
            </Button>
          )}
          {!account.deactivated_at && !account.is_bot && <Button aria-label={t('admin.access', { name })} onClick={() => setAccess(true)}>{t('admin.access.open')}</Button>}
          {account.deactivated_at
            ? <Button aria-label={t('admin.reactivate.whom', { name })} busy={reactivate.isPending} onClick={() => reactivate.mutate(id)}>{t('admin.reactivate')}</Button>
            : <Button look="danger" aria-label={t('admin.deactivate.whom', { name })} onClick={() => setAsking(true)}>{t('admin.deactivate')}</Button>}
        </div>
      )}
      {access && <AccountAccess account={account} onClose={() => setAccess(false)} />}
      {asking && (
        <Confirm
          title={t('admin.deactivate.sure', { name })}
          action={t('admin.deactivate')}
          busy={deactivate.isPending}
          onClose={() => setAsking(false)}
          onConfirm={() => deactivate.mutate(id, { onSettled: () => setAsking(false) })}
        >
          <p>{t('admin.deactivate.hint')}</p>
        </Confirm>
      )}
    </li>
  )
}
