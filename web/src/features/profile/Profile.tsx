import { LogOut } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { useUpdateMe } from '@/api/actions'
import { discardAll, useUnsent } from '@/api/outbox'
import { signOut } from '@/api/session'
import type { User } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Field } from '@/components/Field'
import { Segments } from '@/components/Segments'
import { setLanguage, useLanguage, useT, type Language } from '@/lib/i18n'
import { setTheme, useTheme, type Theme } from '@/lib/theme'
import styles from './Profile.module.css'
import { Sessions } from './Sessions'

const languages: { value: Language; text: string }[] = [{ value: 'ru', text: 'Русский' }, { value: 'en', text: 'English' }]
const themes: Theme[] = ['system', 'light', 'dark']

/// The user's profile, theme, language, devices and sign-out.
export function Profile({ me, onClose }: { me: User; onClose: () => void }) {
  const t = useT()
  const theme = useTheme()
  const language = useLanguage()
  const unsent = useUnsent().length
  const update = useUpdateMe()
  const [leaving, setLeaving] = useState(false)

  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const display_name = String(form.get('display_name')).trim()
    const username = String(form.get('username')).trim()
    update.mutate(
      {
        ...(display_name && display_name !== me.display_name && { display_name }),
        ...(username && username !== me.username && { username }),
      },
      { onSuccess: () => toast.success(t('profile.saved')) },
    )
  }
  const leave = async () => {
    setLeaving(true)
    await discardAll()
    await signOut().catch(() => undefined)
  }

  return (
    <Dialog title={t('profile.title')} onClose={onClose}>
      <div className={styles.body}>
        <div className={styles.head}>
          <Avatar id={me.id} name={me.display_name} url={me.avatar_url} size="large" />
          <b>{me.display_name}</b>
          {me.email && <small>{me.email}</small>}
        </div>
        <form className={styles.form} onSubmit={save}>
          <Field label={t('session.name')} name="display_name" defaultValue={me.display_name} required maxLength={64} />
          <Field label={t('profile.username')} name="username" defaultValue={me.username ?? ''} hint={t('profile.username.hint')} autoCapitalize="none" />
          <Button type="submit" look="main" busy={update.isPending}>{t('common.save')}</Button>
        </form>
        <Segments
          label={t('profile.theme')}
          value={theme}
          onChange={setTheme}
          options={themes.map((value) => ({ value, text: t(`profile.theme.${value}` as 'profile.theme.system') }))}
        />
        <Segments label={t('profile.language')} value={language} onChange={setLanguage} options={languages} />
        <Sessions />
        {unsent > 0 && <p className={styles.warning}>{t('profile.unsent', { count: unsent })}</p>}
        <Button look="danger" busy={leaving} onClick={() => void leave()}><LogOut size={18} />{t('profile.leave')}</Button>
      </div>
    </Dialog>
  )
}
