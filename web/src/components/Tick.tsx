import { Check, CheckCheck, CircleAlert, Clock3 } from 'lucide-react'
import { useT } from '@/lib/i18n'

export type Delivery = 'waiting' | 'failed' | 'sent' | 'read'

const icons = { waiting: Clock3, failed: CircleAlert, sent: Check, read: CheckCheck }
const names = { waiting: 'delivery.waiting', failed: 'delivery.failed', sent: 'delivery.sent', read: 'delivery.read' } as const

/// How far one's own message has got.
export function Tick({ state, size = 15 }: { state: Delivery; size?: number }) {
  const t = useT()
  const Icon = icons[state]
  return <Icon size={size} role="img" aria-label={t(names[state])} data-delivery={state} />
}
