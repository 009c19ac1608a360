/// Sign-in errors as texts.

import { ApiError } from '@/api/http'
import type { Key } from '@/lib/i18n'

/// The server's answer begins with the name of the invalid field.
const fields: Record<string, Key> = {
  invite_code: 'problem.invite',
  username: 'problem.username',
  email: 'problem.email',
  password: 'problem.password',
}

export function needsInvite(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'invalid' && error.detail.startsWith('invite_code')
}

export function explain(error: unknown, withEmail: boolean): Key {
  if (!(error instanceof ApiError)) return 'problem.offline'
  switch (error.code) {
    case 'taken': return withEmail ? 'problem.email_taken' : 'problem.username_taken'
    case 'registration_closed': return 'problem.registration_closed'
    case 'wrong_password': return 'problem.wrong_password'
    case 'invalid': return fields[error.detail.split(':')[0] ?? ''] ?? 'problem.unknown'
  }
  if (error.status === 401) return 'problem.wrong_password'
  if (error.status === 429) return 'problem.too_often'
  return error.status >= 500 ? 'problem.server' : 'problem.unknown'
}
