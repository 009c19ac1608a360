import { Check, CheckCheck, CircleAlert, Clock3 } from 'lucide-react'
import { useT } from '@/lib/i18n'

export type Delivery = 'waiting' | 'failed' | 'sent' | 'read'

const icons = { waiting: Clock3, failed: CircleAlert, sent: Check, read: CheckCheck }
const names = { waiting: 'delivery.waiting', failed: 'delivery.failed', sent: 'delivery.sent', read: 'delivery.read' } as const

/// The delivery state of the user's own message; `note` says it more exactly.
export function DeliveryIcon({ state, size = 15, note }: { state: Delivery; size?: number; note?: string }) {
  const t = useT()
  const Icon = icons[state]
  return <Icon size={size} role="img" aria-label={note ?? t(names[state])} data-delivery={state}><title>{note ?? t(names[state])}</title></Icon>
}
