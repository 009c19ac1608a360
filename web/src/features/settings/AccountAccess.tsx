import { useState } from 'react'
import type { Account } from '@/api/types'
import { Button } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Dialog } from '@/components/Dialog'
import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import { useEndSessionOf, useEndSessionsOf, useResetPasswordOf, useSessionsOf } from './api'
import styles from './Settings.module.css'

/// Where somebody is signed in, and a new password for them; for administrators.
export function AccountAccess({ account, onClose }: { account: Account; onClose: () => void }) {
  const t = useT()
  const { id, display_name: name } = account
  const [asking, setAsking] = useState(false)
  const { data } = useSessionsOf(id)
  const end = useEndSessionOf(id)
  const endAll = useEndSessionsOf(id)
  const reset = useResetPasswordOf(id)
  return (
    <Dialog title={t('admin.access', { name })} onClose={onClose}>
      <div className={styles.inDialog}>
        <ul className={styles.list}>
          {data?.map((session) => (
            <li key={session.id}>
              <p>
                <b>{session.device ?? t('profile.device')}</b>
                <small>{session.address} · <Time at={session.last_used_at} form="brief" /></small>
              </p>
              <Button
                aria-label={t('profile.end.which', { name: session.device ?? t('profile.device') })}
                busy={end.isPending && end.variables === session.id}
                onClick={() => end.mutate(session.id)}
              >
                {t('profile.end')}
              </Button>
            </li>
          ))}
        </ul>
        <p role="status" className={styles.note}>{data?.length === 0 ? t('admin.access.none') : ''}</p>
        {reset.data && <p className={styles.secret}>{t('admin.password.shown')}<code>{reset.data.password}</code></p>}
        <div className={styles.line}>
          <Button busy={endAll.isPending} onClick={() => endAll.mutate()}>{t('admin.access.end_all')}</Button>
          <Button look="danger" onClick={() => setAsking(true)}>{t('admin.password.reset')}</Button>
        </div>
      </div>
      {asking && (
        <Confirm
          title={t('admin.password.sure', { name })}
          action={t('admin.password.reset')}
          busy={reset.isPending}
          onClose={() => setAsking(false)}
          onConfirm={() => reset.mutate(undefined, { onSettled: () => setAsking(false) })}
        >
          <p>{t('admin.password.hint')}</p>
        </Confirm>
      )}
    </Dialog>
  )
}
