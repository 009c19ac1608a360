import type { FormEvent } from 'react'
import { explain } from '@/api/explain'
import type { Person } from '@/api/types'
import { Area } from '@/components/Area'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import styles from './Integrations.module.css'
import type { BotProfile } from './server'

interface Props {
  label: string
  action: string
  user?: Person
  change: { isPending: boolean; error: Error | null }
  onSave: (profile: BotProfile) => void
}

/// A bot's name, username and description.
export function BotProfileForm({ label, action, user, change, onSave }: Props) {
  const t = useT()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name)).trim()
    onSave({ display_name: text('display_name'), username: text('username').replace(/^@/, '') || null, about: text('about') })
  }
  return (
    <form className={styles.block} onSubmit={submit} aria-label={label}>
      <Field label={t('bots.name')} name="display_name" defaultValue={user?.display_name} required maxLength={64} autoComplete="off" autoFocus={!user} dir="auto" />
      <Field label={t('bots.username')} name="username" defaultValue={user?.username ?? ''} maxLength={33} autoComplete="off" autoCapitalize="off" spellCheck={false} hint={t('bots.username.hint')} />
      <Area label={t('bots.about')} name="about" defaultValue={user?.about ?? ''} maxLength={500} rows={2} />
      <Problem>{change.error ? t(explain(change.error)) : null}</Problem>
      <Button type="submit" look="main" busy={change.isPending}>{action}</Button>
    </form>
  )
}
