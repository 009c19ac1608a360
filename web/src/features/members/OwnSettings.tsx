import type { Chat } from '@/api/types'
import { Segments } from '@/components/Segments'
import { Select } from '@/components/Select'
import { Switch } from '@/components/Switch'
import { useT } from '@/lib/i18n'
import { isMuted } from '@/lib/chats'
import styles from './ChatInfo.module.css'
import { LifeSelect } from './LifeSelect'
import { useChangeChat, useChangeSettings } from './server'

const HOUR_S = 3600

/// What the user has chosen for a chat: for themselves alone.
export function OwnSettings({ chat }: { chat: Chat }) {
  const t = useT()
  const change = useChangeSettings(chat.id)
  const muted = isMuted({ ...chat, notify: 'all' })
  const mute = (value: string) => change.mutate({
    muted_until: value === 'no' ? null : value === 'ever' ? '2100-01-01T00:00:00Z' : new Date(Date.now() + Number(value) * HOUR_S * 1000).toISOString(),
  })
  return (
    <section className={styles.own} aria-label={t('settings.own')}>
      {chat.is_group && (
        <Segments
          label={t('settings.notify')}
          value={chat.notify as 'all' | 'mentions' | 'none'}
          onChange={(notify) => change.mutate({ notify })}
          options={[
            { value: 'all', text: t('settings.notify_all') },
            { value: 'mentions', text: t('settings.notify_mentions') },
            { value: 'none', text: t('settings.notify_none') },
          ]}
        />
      )}
      <Select
        inRow
        label={t('settings.mute')}
        value={muted ? 'on' : 'no'}
        onChange={(event) => mute(event.target.value)}
        options={[
          { value: 'no', text: t('settings.mute_no') },
          ...(muted ? [{ value: 'on', text: t('settings.mute_on') }] : []),
          { value: '1', text: t('settings.mute_hours', { count: 1 }) },
          { value: '8', text: t('settings.mute_hours', { count: 8 }) },
          { value: '48', text: t('settings.mute_days', { count: 2 }) },
          { value: 'ever', text: t('settings.mute_ever') },
        ]}
      />
      <Switch label={t('settings.pin')} checked={chat.pinned} onChange={(pinned) => change.mutate({ pinned })} />
      <Switch label={t('settings.archived')} checked={chat.archived} onChange={(archived) => change.mutate({ archived })} />
    </section>
  )
}

/// What applies to both people of a private chat.
export function SharedSettings({ chat }: { chat: Chat }) {
  const t = useT()
  const { mutate } = useChangeChat(chat.id)
  return (
    <section className={styles.own} aria-label={t('members.both')}>
      <h4>{t('members.both')}</h4>
      <LifeSelect value={chat.message_life ?? 0} onChange={(seconds) => mutate({ message_life: seconds || null })} />
      <Switch label={t('members.assistant')} checked={chat.assistant} onChange={(assistant) => mutate({ assistant })} />
    </section>
  )
}
