import type { RegistrationPolicy } from '@/api/types'
import type { Key } from './i18n'

/// Who may register, and how that is said.
export const registrationPolicies: Record<RegistrationPolicy, Key> = {
  open: 'setup.registration.open',
  invite: 'setup.registration.invite',
  mail: 'setup.registration.mail',
  closed: 'setup.registration.closed',
}
