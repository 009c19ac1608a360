import { KeyRound, Megaphone, Users } from 'lucide-react'
import { useState } from 'react'
import { useOpenDirect } from '@/api/actions'
import { Dialog } from '@/components/Dialog'
import { useT } from '@/lib/i18n'
import { JoinByCode } from './JoinByCode'
import styles from './NewChat.module.css'
import { NewGroup } from './NewGroup'
import { PeopleFinder } from './PeopleFinder'

/// What is made, or joined by a code; null for a private chat.
export type NewKind = 'group' | 'channel' | 'code' | null

interface Props {
  start?: NewKind
  onClose: () => void
  onOpen: (chat: number) => void
}

/// Starts a private chat with a person, a group or a channel.
export function NewChat({ start = null, onClose, onOpen }: Props) {
  const t = useT()
  const [kind, setKind] = useState(start)
  const direct = useOpenDirect()
  const open = (chat: { id: number }) => {
    onClose()
    onOpen(chat.id)
  }
  const titles = { group: t('chats.new_group'), channel: t('chats.new_channel'), code: t('invites.by_code') }
  return (
    <Dialog title={kind ? titles[kind] : t('chats.new')} onClose={onClose}>
      {kind === 'code' ? <JoinByCode onJoined={open} /> : kind
        ? <NewGroup channel={kind === 'channel'} onMade={open} />
        : (
          <div className={styles.body}>
            <PeopleFinder first onChoose={(person) => direct.mutate(person.id, { onSuccess: open })}>
              <button type="button" className={styles.group} onClick={() => setKind('group')}><span><Users size={22} /></span>{titles.group}</button>
              <button type="button" className={styles.group} onClick={() => setKind('channel')}><span><Megaphone size={22} /></span>{titles.channel}</button>
              <button type="button" className={styles.group} onClick={() => setKind('code')}><span><KeyRound size={22} /></span>{titles.code}</button>
            </PeopleFinder>
          </div>
        )}
    </Dialog>
  )
}
