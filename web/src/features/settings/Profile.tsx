import { useRef, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { User } from '@/api/types'
import { Area } from '@/components/Area'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { Select } from '@/components/Select'
import { useT } from '@/lib/i18n'
import { useRemoveAvatar, useSetAvatar, useUpdateProfile } from './api'
import styles from './Settings.module.css'

const PICTURES = 'image/png,image/jpeg,image/gif,image/webp'

/// How others see the user.
export function Profile({ me }: { me: User }) {
  const t = useT()
  const update = useUpdateProfile(true)
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    update.mutate({
      display_name: text('display_name'),
      username: text('username') || null,
      about: text('about') || null,
      time_zone: text('time_zone') || null,
    }, { onSuccess: () => toast.success(t('profile.saved')) })
  }
  return (
    <div className={styles.stack}>
      <Picture me={me} />
      <form className={styles.form} onSubmit={save}>
        <Field label={t('session.name')} name="display_name" defaultValue={me.display_name} required maxLength={64} autoComplete="name" />
        <Field label={t('profile.username')} name="username" defaultValue={me.username ?? ''} hint={t('profile.username.hint')} minLength={2} maxLength={32} autoCapitalize="none" spellCheck={false} />
        <Area label={t('profile.about')} name="about" defaultValue={me.about ?? ''} maxLength={500} hint={t('profile.about.hint')} />
        <Select label={t('profile.time_zone')} name="time_zone" defaultValue={me.time_zone ?? ''} options={zones(me.time_zone, t('profile.time_zone.none'))} />
        <Problem>{update.isError ? t(explain(update.error)) : null}</Problem>
        <Button type="submit" look="main" busy={update.isPending}>{t('common.save')}</Button>
      </form>
    </div>
  )
}

function Picture({ me }: { me: User }) {
  const t = useT()
  const picker = useRef<HTMLInputElement>(null)
  const set = useSetAvatar()
  const remove = useRemoveAvatar()
  return (
    <div className={styles.avatar}>
      <Avatar id={me.id} name={me.display_name} url={me.avatar_url} size="large" />
      <div>
        <Button busy={set.isPending} onClick={() => picker.current?.click()}>{t('profile.avatar')}</Button>
        {me.avatar_url && <Button busy={remove.isPending} onClick={() => remove.mutate()}>{t('profile.avatar.remove')}</Button>}
      </div>
      <input
        ref={picker}
        type="file"
        hidden
        accept={PICTURES}
        aria-label={t('profile.avatar')}
        onChange={(event) => {
          const [file] = event.target.files ?? []
          event.target.value = ''
          if (file) set.mutate(file)
        }}
      />
    </div>
  )
}

/// The zones that this browser knows, the user's own first.
function zones(own: string | null | undefined, none: string) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  const first = [...new Set([own, here])].filter((zone): zone is string => !!zone)
  const others = Intl.supportedValuesOf('timeZone').filter((zone) => !first.includes(zone))
  return [{ value: '', text: none }, ...[...first, ...others].map((zone) => ({ value: zone, text: zone.replaceAll('_', ' ') }))]
}
