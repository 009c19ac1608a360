import type { FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { User } from '@/api/types'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import { useChangePassword, useUpdateProfile } from './api'
import { Sessions } from './Sessions'
import styles from './Settings.module.css'
import { Tokens } from './Tokens'

/// How the user signs in, and what is signed in.
export function Security({ me }: { me: User }) {
  return (
    <div className={styles.stack}>
      <Password login={me.username ?? me.email ?? ''} />
      <Email me={me} />
      <Sessions />
      <Tokens />
    </div>
  )
}

function Password({ login }: { login: string }) {
  const t = useT()
  const change = useChangePassword()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const element = event.currentTarget
    const form = new FormData(element)
    change.mutate({ old_password: String(form.get('old')), new_password: String(form.get('new')) }, {
      onSuccess: () => {
        element.reset()
        toast.success(t('security.password.changed'))
      },
    })
  }
  return (
    <form className={styles.form} onSubmit={submit} aria-label={t('security.password')}>
      <h4>{t('security.password')}</h4>
      <input type="text" name="username" autoComplete="username" defaultValue={login} hidden readOnly />
      <Field label={t('security.password.old')} name="old" type="password" required autoComplete="current-password" />
      <Field label={t('security.password.new')} name="new" type="password" required minLength={8} maxLength={128} autoComplete="new-password" hint={t('session.password.hint')} />
      <Problem>{change.isError ? t(explain(change.error)) : null}</Problem>
      <p className={styles.note}>{t('security.password.hint')}</p>
      <Button type="submit" busy={change.isPending}>{t('security.password.change')}</Button>
    </form>
  )
}

/// The address that sign-in codes are sent to.
function Email({ me }: { me: User }) {
  const t = useT()
  const update = useUpdateProfile(true)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const email = String(new FormData(event.currentTarget).get('email')).trim()
    update.mutate({ email: email || null }, { onSuccess: () => toast.success(t('profile.saved')) })
  }
  return (
    <form className={styles.block} onSubmit={submit} aria-label={t('security.codes')}>
      <h4>{t('security.codes')}</h4>
      <p className={styles.note}>{t('security.codes.hint')}</p>
      {me.phone && <p>{t('security.phone', { phone: me.phone })}</p>}
      <div className={styles.line}>
        <Field label={t('security.email')} name="email" type="email" defaultValue={me.email ?? ''} autoComplete="email" />
        <Button type="submit" busy={update.isPending}>{t('common.save')}</Button>
      </div>
      <Problem>{update.isError ? t(explain(update.error)) : null}</Problem>
    </form>
  )
}
