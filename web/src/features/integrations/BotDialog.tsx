import { useState } from 'react'
import { toast } from 'sonner'
import type { Bot } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Confirm } from '@/components/Confirm'
import { Dialog } from '@/components/Dialog'
import { useT } from '@/lib/i18n'
import { AddToChat } from './AddToChat'
import { BotCommands } from './BotCommands'
import { BotProfileForm } from './BotProfileForm'
import { BotTokens } from './BotTokens'
import styles from './Integrations.module.css'
import { OutgoingWebhooks } from './OutgoingWebhooks'
import { useDeleteBot, useUpdateBot } from './server'

/// One bot: its profile, tokens, commands, chats and webhooks.
export function BotDialog({ bot, onClose }: { bot: Bot; onClose: () => void }) {
  const t = useT()
  const { user, commands } = bot
  const [deleting, setDeleting] = useState(false)
  const update = useUpdateBot(user.id)
  const erase = useDeleteBot()
  return (
    <Dialog title={t('bots.one')} onClose={onClose}>
      <div className={styles.body} tabIndex={-1}>
        <div className={styles.head}>
          <Avatar id={user.id} name={user.display_name} url={user.avatar_url} size="large" />
          <h3 dir="auto">{user.display_name}</h3>
          {user.username && <p>@{user.username}</p>}
        </div>
        <BotTokens bot={user.id} />
        <AddToChat bot={user.id} />
        <BotCommands key={JSON.stringify(commands)} bot={user.id} commands={commands} />
        <OutgoingWebhooks source={{ bot: user.id }} />
        <section className={styles.block} aria-label={t('bots.profile')}>
          <h4>{t('bots.profile')}</h4>
          <BotProfileForm
            label={t('bots.profile')}
            action={t('common.save')}
            user={user}
            change={update}
            onSave={(profile) => update.mutate({ ...profile, username: profile.username ?? user.username ?? null }, { onSuccess: () => toast.success(t('profile.saved')) })}
          />
          <Button look="danger" onClick={() => setDeleting(true)}>{t('bots.delete')}</Button>
        </section>
      </div>
      {deleting && (
        <Confirm
          title={t('bots.delete.sure', { name: user.display_name })}
          action={t('bots.delete')}
          busy={erase.isPending}
          onClose={() => setDeleting(false)}
          onConfirm={() => erase.mutate(user.id, { onSuccess: onClose })}
        >
          <p>{t('bots.delete.hint')}</p>
        </Confirm>
      )}
    </Dialog>
  )
}
