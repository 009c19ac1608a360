import { Bot as BotIcon, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { explain } from '@/api/explain'
import { Avatar } from '@/components/Avatar'
import { Button, Spinner } from '@/components/Button'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import { BotDialog } from './BotDialog'
import { BotProfileForm } from './BotProfileForm'
import styles from './Integrations.module.css'
import { useBots, useCreateBot } from './server'

/// The user's bots: accounts of programs.
export function BotsPage() {
  const t = useT()
  const { data: bots, error } = useBots()
  const create = useCreateBot()
  const [making, setMaking] = useState(false)
  const [open, setOpen] = useState<number | null>(null)
  const shown = bots?.find(({ user }) => user.id === open)
  return (
    <div className={styles.stack}>
      <p className={styles.note}>{t('bots.hint')}</p>
      <Problem>{error ? t(explain(error)) : null}</Problem>
      {!bots && !error && <Spinner />}
      {bots?.length === 0 && !making && <p className={styles.empty}><BotIcon size={28} aria-hidden="true" />{t('bots.none')}</p>}
      <ul className={styles.list} aria-label={t('bots.title')}>
        {bots?.map(({ user, commands }) => (
          <li key={user.id}>
            <button type="button" className={styles.row} onClick={() => setOpen(user.id)}>
              <Avatar id={user.id} name={user.display_name} url={user.avatar_url} size="small" />
              <span className={styles.what}>
                <b dir="auto">{user.display_name}</b>
                <small>{[user.username && `@${user.username}`, t('bots.commands_count', { count: commands.length })].filter(Boolean).join(' · ')}</small>
              </span>
              <ChevronRight size={18} aria-hidden="true" />
            </button>
          </li>
        ))}
      </ul>
      {making
        ? (
          <div className={styles.form}>
            <BotProfileForm
              label={t('bots.new')}
              action={t('bots.create')}
              change={create}
              onSave={(profile) => create.mutate(profile, { onSuccess: (made) => { setMaking(false); setOpen(made.user.id) } })}
            />
          </div>
        )
        : <div><Button look={bots?.length === 0 ? 'main' : 'plain'} onClick={() => setMaking(true)}>{t('bots.new')}</Button></div>}
      {shown && <BotDialog key={shown.user.id} bot={shown} onClose={() => setOpen(null)} />}
    </div>
  )
}
