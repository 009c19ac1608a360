import { useReact } from '@/api/actions'
import type { Message } from '@/api/types'
import { useT } from '@/lib/i18n'
import styles from './Reactions.module.css'

export function Reactions({ message, me }: { message: Message; me: number }) {
  const t = useT()
  const react = useReact(me)
  return (
    <ul className={styles.reactions}>
      {message.reactions.map(({ emoji, count, user_ids }) => {
        const mine = user_ids.includes(me)
        return (
          <li key={emoji}>
            <button
              type="button"
              aria-pressed={mine}
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
