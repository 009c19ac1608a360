import type { ReportReason } from '@/api/types'
import type { Key } from './i18n'

/// Why something can be reported, and how that is said.
export const reportReasons: Record<ReportReason, Key> = {
  spam: 'report.reason.spam',
  harassment: 'report.reason.harassment',
  violence: 'report.reason.violence',
  sexual: 'report.reason.sexual',
  fraud: 'report.reason.fraud',
  illegal: 'report.reason.illegal',
  other: 'report.reason.other',
}
