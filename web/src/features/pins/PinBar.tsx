import { List, Pin } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from '@/components/Button'
import { useT } from '@/lib/i18n'
import { summary } from '@/lib/system'
import styles from './Pins.module.css'
import { usePins } from './server'

/// Above the messages: the pinned ones, one after another with each press.
export function PinBar({ chat, onOpen, onList }: { chat: number; onOpen: (message: number) => void; onList: () => void }) {
  const t = useT()
  const pins = usePins(chat)
  const [at, setAt] = useState(0)
  if (!pins || pins.length === 0) return null
  const index = at % pins.length
  const message = pins[index]!
  const press = () => {
    onOpen(message.id)
    setAt(index + 1)
  }
  return (
    <div className={styles.bar}>
      <button type="button" className={styles.pin} onClick={press}>
        <Pin size={17} />
        <span>
          <b>{pins.length > 1 ? t('pins.one_of', { number: index + 1, all: pins.length }) : t('pins.one')}</b>
          <span dir="auto">{summary(t, message)}</span>
        </span>
      </button>
      {pins.length > 1 && <IconButton label={t('pins.all')} onClick={onList}><List size={19} /></IconButton>}
    </div>
  )
}
