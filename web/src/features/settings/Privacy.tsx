import type { User } from '@/api/types'
import { Button } from '@/components/Button'
import { PersonRow } from '@/components/PersonRow'
import { Switch } from '@/components/Switch'
import { useT } from '@/lib/i18n'
import { useBlocked, useUnblock, useUpdateProfile } from './api'
import styles from './Settings.module.css'

/// What others may know about the user, and who may not write to them.
export function Privacy({ me }: { me: User }) {
  const t = useT()
  const update = useUpdateProfile()
  const { data: blocked } = useBlocked()
  const unblock = useUnblock()
  return (
    <div className={styles.stack}>
      <div className={styles.block}>
        <Switch
          label={t('privacy.presence')}
          hint={t('privacy.presence.hint')}
          checked={!me.hides_presence}
          disabled={update.isPending}
          onChange={(shown) => update.mutate({ hides_presence: !shown })}
        />
        <Switch
          label={t('privacy.reading')}
          hint={t('privacy.reading.hint')}
          checked={!me.hides_reading}
          disabled={update.isPending}
          onChange={(shown) => update.mutate({ hides_reading: !shown })}
        />
      </div>
      <div className={styles.block}>
        <h4>{t('privacy.blocked')}</h4>
        <p className={styles.note}>{t('privacy.blocked.hint')}</p>
        {blocked?.length === 0 && <p className={styles.note}>{t('privacy.blocked.none')}</p>}
        <ul>
          {blocked?.map(({ user }) => (
            <PersonRow key={user.id} person={user}>
              <Button aria-label={t('privacy.unblock.whom', { name: user.display_name })} busy={unblock.isPending && unblock.variables === user.id} onClick={() => unblock.mutate(user.id)}>{t('privacy.unblock')}</Button>
            </PersonRow>
          ))}
        </ul>
      </div>
    </div>
  )
}
