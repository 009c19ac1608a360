/// Formats times for display. The server's times are UTC without a zone. Names of months and the order of a date
/// come from the catalogue: browsers do not know every language.

import { differenceInCalendarDays, format, isSameYear, isToday, isYesterday } from 'date-fns'
import type { T } from './i18n'

export function instant(text: string): Date {
  return new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`)
}

const parts = (date: Date, t: T) => ({
  day: date.getDate(),
  month: t('format.months').split(',')[date.getMonth()]!,
  short: t('format.months_short').split(',')[date.getMonth()]!,
  year: date.getFullYear(),
})

export const clock = (date: Date) => format(date, 'HH:mm')

/// In a list: the hour today, the weekday this week, else the date.
export function brief(date: Date, t: T): string {
  if (isToday(date)) return clock(date)
  if (isYesterday(date)) return t('dates.yesterday').toLocaleLowerCase()
  if (Math.abs(differenceInCalendarDays(new Date(), date)) < 7) return t('format.weekdays').split(',')[date.getDay()]!
  return isSameYear(date, new Date()) ? t('format.day_short', parts(date, t)) : format(date, 'dd.MM.yy')
}

/// Between days of a history.
export function day(date: Date, t: T): string {
  if (isToday(date)) return t('dates.today')
  if (isYesterday(date)) return t('dates.yesterday')
  return isSameYear(date, new Date()) ? t('format.day', parts(date, t)) : t('format.date', parts(date, t))
}

export const full = (date: Date, t: T) => t('format.moment', { date: t('format.date', parts(date, t)), time: clock(date) })

/// The hour today, else the date with it.
export const moment = (date: Date, t: T) => (isToday(date) ? clock(date) : full(date, t))

export const dayKey = (date: Date) => format(date, 'yyyy-MM-dd')

/// 125000 ms as 2:05.
export function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
