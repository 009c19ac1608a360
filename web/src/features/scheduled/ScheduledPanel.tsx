import { CalendarClock, Clock3, Send, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Scheduled } from '@/api/types'
import { Button, IconButton, Spinner } from '@/components/Button'
import { Empty } from '@/components/Empty'
import { Panel } from '@/components/Panel'
import { TimeDialog } from '@/components/TimeDialog'
import { full, instant } from '@/lib/dates'
import { useT } from '@/lib/i18n'
import { withoutMarks } from '@/lib/markdown'
import styles from './Scheduled.module.css'
import { useReschedule, useScheduled } from './server'

/// What will be sent to a chat later.
export function ScheduledPanel({ chat, onClose }: { chat: number; onClose: () => void }) {
  const t = useT()
  const { data, isPending } = useScheduled(chat)
  return (
    <Panel title={t('scheduled.title')} onClose={onClose}>
      {isPending && <p className={styles.loading} role="status"><Spinner /></p>}
      {data?.length === 0 && <Empty icon={<CalendarClock size={28} />} title={t('scheduled.none')} />}
      <ul className={styles.list}>{data?.map((one) => <One key={one.id} chat={chat} message={one} />)}</ul>
    </Panel>
  )
}

function One({ chat, message }: { chat: number; message: Scheduled }) {
  const t = useT()
  const { change, cancel, sendNow } = useReschedule(chat)
  const [moving, setMoving] = useState(false)
  const text = message.content ? withoutMarks(message.content) : (message.attachments?.[0]?.filename ?? t('message.file'))
  return (
    <li className={styles.one}>
      <p dir="auto">{text}</p>
      <small>{full(instant(message.send_at), t)}</small>
      {message.failure && <small className={styles.failed} role="status">{t('scheduled.failed')} {message.failure.detail}</small>}
      <div>
        <Button busy={sendNow.isPending} onClick={() => sendNow.mutate(message.id)}><Send size={16} />{t('scheduled.now')}</Button>
        <IconButton label={t('scheduled.move')} onClick={() => setMoving(true)}><Clock3 size={18} /></IconButton>
        <IconButton label={t('scheduled.cancel')} onClick={() => cancel.mutate(message.id)}><Trash2 size={18} /></IconButton>
      </div>
      {moving && (
        <TimeDialog
          title={t('scheduled.move')}
          initial={instant(message.send_at)}
          action={t('common.save')}
          onClose={() => setMoving(false)}
          onChoose={(at) => { setMoving(false); change.mutate({ id: message.id, send_at: at.toISOString() }) }}
        />
      )}
    </li>
  )
}
