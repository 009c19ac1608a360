import { toast } from 'sonner'
import { Segments } from '@/components/Segments'
import { Select } from '@/components/Select'
import { languages, useLanguage, useT, type Key } from '@/lib/i18n'
import { setLanguage } from '@/lib/pageLanguage'
import { setTheme, themes, useTheme, type Theme } from '@/lib/theme'
import { useUpdateProfile } from './api'
import styles from './Settings.module.css'

const names: Record<Theme, Key> = {
  system: 'profile.theme.system',
  light: 'profile.theme.light',
  dark: 'profile.theme.dark',
  contrast: 'profile.theme.contrast',
}

/// The theme of this browser, and the language, which is kept on the account for other devices.
export function Appearance() {
  const t = useT()
  const theme = useTheme()
  const language = useLanguage()
  const update = useUpdateProfile()
  const speak = (next: string) => {
    setLanguage(next).catch(() => toast.error(t('problem.offline')))
    update.mutate({ language: next })
  }
  return (
    <div className={styles.stack}>
      <Segments label={t('profile.theme')} value={theme} onChange={setTheme} options={themes.map((value) => ({ value, text: t(names[value]) }))} />
      {languages.length <= 4
        ? <Segments label={t('profile.language')} value={language} onChange={speak} options={languages} />
        : <Select label={t('profile.language')} value={language} onChange={(event) => speak(event.target.value)} options={languages} />}
      <p className={styles.note}>{t('profile.language.hint')}</p>
    </div>
  )
}
