import { ChatMessages as Messages } from '@/app/ChatMessages'
import { Connected } from './Provider'
import styles from './Provider.module.css'

export interface ChatMessagesProps {
  conversationId: string
  /// Shows a button that leads back, in a narrow box.
  onBack?: () => void
}

/// One conversation: its messages and the field for new ones. Inside a `BesedkaProvider`.
export function ChatMessages({ conversationId, onBack }: ChatMessagesProps) {
  return (
    <Connected>
      <div className={styles.column}><Messages key={conversationId} chatId={Number(conversationId)} onBack={onBack} /></div>
    </Connected>
  )
}
