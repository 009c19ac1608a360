import { brief, clock, day, full, instant } from '@/lib/dates'
import { useT } from '@/lib/i18n'

const forms = { brief, clock, day, full }

/// A formatted time, with the full date as a tooltip and the ISO form in `datetime`.
export function Time({ at, form, className }: { at: string; form: keyof typeof forms; className?: string }) {
  const t = useT()
  const date = instant(at)
  return <time dateTime={date.toISOString()} title={full(date, t)} className={className}>{forms[form](date, t)}</time>
}
