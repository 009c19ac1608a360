/// Errors as texts: the server answers in English and with a code, the user reads their own language.

import type { Key } from '@/lib/i18n'
import { ApiError, OfflineError } from './http'

const codes: Record<string, Key> = {
  bad_gateway: 'problem.upstream',
  busy: 'problem.server',
  conflict: 'problem.conflict',
  daily_limit: 'problem.daily_limit',
  deactivated: 'problem.deactivated',
  files_unavailable: 'problem.files_unavailable',
  insufficient_scope: 'problem.forbidden',
  not_configured: 'problem.not_configured',
  quota_exceeded: 'problem.quota',
  registration_closed: 'problem.registration_closed',
  storage_full: 'problem.storage_full',
  taken: 'problem.taken',
  too_large: 'problem.too_large',
  wrong_code: 'problem.wrong_code',
  wrong_password: 'problem.wrong_current',
}

/// The answer to an invalid form begins with the name of the field.
const fields: Record<string, Key> = {
  code: 'problem.wrong_code',
  commands: 'problem.commands',
  display_name: 'problem.name',
  email: 'problem.email',
  email_code: 'problem.wrong_code',
  google_token: 'problem.not_configured',
  invite_code: 'problem.invite',
  new_password: 'problem.password',
  password: 'problem.password',
  phone: 'problem.phone',
  name: 'problem.name',
  time_zone: 'problem.time_zone',
  url: 'problem.url',
  username: 'problem.username',
}

export function explain(error: unknown): Key {
  if (error instanceof OfflineError) return 'problem.offline'
  if (!(error instanceof ApiError)) return 'problem.unknown'
  if (/^(old_)?password: is wrong/.test(error.detail)) return 'problem.wrong_current'
  const known = error.code === 'invalid' ? fields[error.detail.split(':')[0] ?? ''] : codes[error.code]
  if (known) return known
  if (error.status === 403) return 'problem.forbidden'
  if (error.status === 404) return 'problem.not_found'
  if (error.status === 507) return 'problem.storage_full'
  if (error.status === 413) return 'problem.too_large'
  if (error.status === 429) return 'problem.too_often'
  return error.status >= 500 ? 'problem.server' : 'problem.unknown'
}
