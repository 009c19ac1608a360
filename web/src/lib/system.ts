/// Texts of system messages, and one-line summaries of messages.

import type { Message } from '@/api/types'
import type { T } from './i18n'
import { withoutMarks } from './markdown'

export function systemText(t: T, message: Message, actor: string, target: string): string {
  const title = message.payload?.title ?? ''
  // A person who cannot be looked up any more: the name at that time.
  target ||= typeof message.payload?.name === 'string' ? message.payload.name : ''
  switch (message.payload?.kind) {
    case 'chat.created': return t('system.created', { actor, title })
    case 'chat.renamed': return t('system.renamed', { actor, title })
    case 'chat.owner': return t('system.owner', { target })
    case 'member.added': return t('system.added', { actor, target })
    case 'member.left': return t('system.left', { actor: target || actor })
    case 'members.added': return t('system.added', { actor, target: names(message) })
    case 'member.joined': return t('system.joined', { actor: target || actor })
    case 'member.removed': return t('system.removed', { actor, target })
    case 'member.banned': return t('system.banned', { actor, target })
    default: return message.content ?? ''
  }
}

/// The names in a system message about several people.
function names(message: Message): string {
  const members = message.payload?.members
  const people = Array.isArray(members) ? members as { name?: unknown }[] : []
  return people.map(({ name }) => (typeof name === 'string' ? name : '')).join(', ')
}

/// A message in one line, for lists and announcements.
export function summary(t: T, message: Message): string {
  if (message.deleted) return t('message.deleted')
  if (message.content && message.type !== 'poll') return withoutMarks(message.content)
  const more = message.attachments.length - 1
  switch (message.type) {
    case 'voice': return t('message.voice')
    case 'image': return more > 0 ? t('message.media', { count: more + 1 }) : t('message.image')
    case 'video': return more > 0 ? t('message.media', { count: more + 1 }) : t('message.video')
    case 'file': {
      const name = message.attachments[0]?.filename ?? t('message.file')
      return more > 0 ? t('message.and_more', { name, count: more }) : name
    }
    default: return message.plain ?? ''
  }
}
