import { useReact } from '@/api/actions'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import { useMessages } from './context'
import styles from './Reactions.module.css'

export function Reactions({ message, me }: { message: Message; me: number }) {
  const t = useT()
  const react = useReact(me)
  const { members } = useMessages()
  const names = (ids: number[]) => ids.flatMap((id) => members?.find((one) => one.user.id === id)?.user.display_name ?? []).slice(0, 20).join(', ')
  return (
    <ul className={styles.reactions}>
      {message.reactions.map(({ emoji, count, user_ids }) => {
        const mine = user_ids.includes(me)
        return (
          <li key={emoji}>
            <button
              type="button"
              tabIndex={-1}
              aria-pressed={mine}
              title={names(user_ids)}
              aria-label={t('message.reaction', { emoji, count })}
              onClick={() => react.mutate({ message, emoji, on: !mine })}
            >
              <span aria-hidden="true">{emoji}</span> {count}
            </button>
          </li>
        )
      })}
    </ul>
  )
}
