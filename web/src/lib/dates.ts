/// Formats times for display. The server's times are UTC without a zone.

import { differenceInCalendarDays, format, isSameYear, isToday, isYesterday } from 'date-fns'
import { enUS } from 'date-fns/locale/en-US'
import { ru } from 'date-fns/locale/ru'
import { getLanguage, t } from './i18n'

export function instant(text: string): Date {
  return new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`)
}

const say = (date: Date, pattern: string) => format(date, pattern, { locale: getLanguage() === 'ru' ? ru : enUS })

export const clock = (date: Date) => say(date, 'HH:mm')

/// In a list: the hour today, the weekday this week, else the date.
export function brief(date: Date): string {
  if (isToday(date)) return clock(date)
  if (isYesterday(date)) return t('dates.yesterday').toLocaleLowerCase()
  if (Math.abs(differenceInCalendarDays(new Date(), date)) < 7) return say(date, 'EEEEEE')
  return isSameYear(date, new Date()) ? say(date, 'd MMM') : say(date, 'dd.MM.yy')
}

/// Between days of a history.
export function day(date: Date): string {
  if (isToday(date)) return t('dates.today')
  if (isYesterday(date)) return t('dates.yesterday')
  return say(date, isSameYear(date, new Date()) ? (getLanguage() === 'ru' ? 'd MMMM' : 'MMMM d') : 'PPP')
}

export const full = (date: Date) => say(date, 'PPPp')

export const dayKey = (date: Date) => format(date, 'yyyy-MM-dd')

/// 125000 ms as 2:05.
export function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
