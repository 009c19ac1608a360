import { useState } from 'react'
import { useAnnouncement } from '@/api/queries'
import type { RegistrationPolicy } from '@/api/types'
import { Area } from '@/components/Area'
import { Button } from '@/components/Button'
import { Select } from '@/components/Select'
import { useT } from '@/lib/i18n'
import { registrationPolicies } from '@/lib/registration'
import { useAnnounce, useChooseRegistration, useRegistrationSetting, useRemoveAnnouncement } from './api'
import styles from './Settings.module.css'

/// Who may register, for administrators.
export function RegistrationChoice() {
  const t = useT()
  const setting = useRegistrationSetting()
  const choose = useChooseRegistration()
  if (!setting) return null
  const offered = (Object.keys(registrationPolicies) as RegistrationPolicy[])
    .filter((policy) => policy !== 'mail' || setting.sends_mail || setting.registration === 'mail')
  return (
    <section className={styles.block} aria-label={t('setup.registration')}>
      <Select
        label={t('setup.registration')}
        value={choose.isPending ? choose.variables : setting.registration}
        disabled={setting.is_fixed || choose.isPending}
        options={offered.map((value) => ({ value, text: t(registrationPolicies[value]) }))}
        onChange={(event) => choose.mutate(event.target.value as RegistrationPolicy)}
      />
      {setting.is_fixed && <p className={styles.note}>{t('admin.registration.fixed')}</p>}
    </section>
  )
}

/// What is shown to everybody above all chats.
export function AnnouncementForm() {
  const t = useT()
  const shown = useAnnouncement()
  const [text, setText] = useState('')
  const announce = useAnnounce()
  const remove = useRemoveAnnouncement()
  return (
    <form
      className={styles.block}
      aria-label={t('announcement.title')}
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim()) announce.mutate(text.trim(), { onSuccess: () => setText('') })
      }}
    >
      <h4>{t('announcement.title')}</h4>
      {shown && <p className={styles.warning} dir="auto">{shown.text}</p>}
      <Area label={t('announcement.text')} value={text} maxLength={500} hint={t('announcement.hint')} onChange={(event) => setText(event.target.value)} />
      <div className={styles.line}>
        <Button type="submit" look="main" busy={announce.isPending} disabled={!text.trim()}>{t('announcement.show')}</Button>
        {shown && <Button busy={remove.isPending} onClick={() => remove.mutate()}>{t('announcement.remove')}</Button>}
      </div>
    </form>
  )
}
