import { Pin } from 'lucide-react'
import { useMembers, usePerson } from '@/api/queries'
import type { Member, Message } from '@/api/types'
import { Empty } from '@/components/Empty'
import { MessageLine } from '@/components/MessageLine'
import { Panel } from '@/components/Panel'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { summary } from '@/lib/system'
import { usePins } from './server'

export function PinsPanel({ chat, onOpen, onClose }: { chat: number; onOpen: (message: number) => void; onClose: () => void }) {
  const t = useT()
  const pins = usePins(chat)
  const members = useMembers(chat)
  return (
    <Panel title={t('pins.title')} onClose={onClose}>
      {pins?.length === 0 && <Empty icon={<Pin size={28} />} title={t('pins.none')} />}
      <ul>{pins?.map((message) => <Line key={message.id} message={message} members={members} onOpen={() => onOpen(message.id)} />)}</ul>
    </Panel>
  )
}

function Line({ message, members, onOpen }: { message: Message; members: Member[] | undefined; onOpen: () => void }) {
  const t = useT()
  const author = usePerson(message.author_id, members)
  const name = authorName(t, message, author)
  return <MessageLine avatar={{ id: message.author_id, name: name || '?', url: author?.avatar_url }} title={name} at={message.ts} onOpen={onOpen}>{summary(t, message)}</MessageLine>
}
