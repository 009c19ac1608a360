/// Sign-in errors as texts.

import { explain } from '@/api/explain'
import { ApiError, OfflineError } from '@/api/http'
import type { Key } from '@/lib/i18n'

export function needsInvite(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'invalid' && error.detail.startsWith('invite_code')
}

/// Whether the server creates accounts only for addresses that are proved by a code.
export function needsProof(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'invalid' && error.detail.startsWith('email_code')
}

export function explainSignIn(error: unknown, withEmail: boolean): Key {
  if (error instanceof OfflineError) return 'problem.offline'
  if (!(error instanceof ApiError)) return 'problem.unknown'
  if (error.code === 'taken') return withEmail ? 'problem.email_taken' : 'problem.username_taken'
  if (error.code === 'deactivated') return 'problem.deactivated'
  if (error.status === 401 || error.code === 'wrong_password') return 'problem.wrong_password'
  return explain(error)
}
