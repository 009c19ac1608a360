import { useState } from 'react'
import { Dialog } from '@/components/Dialog'
import { Segments } from '@/components/Segments'
import { useT } from '@/lib/i18n'
import { IncomingWebhooks } from './IncomingWebhooks'
import styles from './Integrations.module.css'
import { OutgoingWebhooks } from './OutgoingWebhooks'

/// By which programs post in a chat, and are told what happens in it; for its owner and admins.
export function ChatWebhooks({ chat, onClose }: { chat: number; onClose: () => void }) {
  const t = useT()
  const [direction, setDirection] = useState<'in' | 'out'>('in')
  return (
    <Dialog title={t('webhooks.title')} onClose={onClose}>
      <div className={styles.body} tabIndex={-1}>
        <Segments
          label={t('webhooks.direction')}
          value={direction}
          onChange={setDirection}
          options={[{ value: 'in', text: t('webhooks.incoming') }, { value: 'out', text: t('webhooks.outgoing') }]}
        />
        {direction === 'in' ? <IncomingWebhooks chat={chat} /> : <OutgoingWebhooks source={{ chat }} />}
      </div>
    </Dialog>
  )
}
