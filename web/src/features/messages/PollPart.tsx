import { useVote } from '@/api/actions'
import { useOwnVote } from '@/api/queries'
import type { Message, Poll } from '@/api/types'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import styles from './Poll.module.css'

/// A poll: its options with their shares, and voting.
export function PollPart({ message, poll, me }: { message: Message; poll: Poll; me: number }) {
  const t = useT()
  const vote = useVote()
  const chosen = useOwnVote(message, me)
  const press = (option: number) => {
    const had = chosen.includes(option)
    const others = poll.multiple ? chosen.filter((one) => one !== option) : []
    vote.mutate({ message, options: had ? others : [...others, option] })
  }
  return (
    <div className={styles.poll} role="group" aria-label={message.content ?? undefined}>
      {poll.options.map(({ text, votes }, option) => {
        const share = poll.voters ? votes / poll.voters : 0
        return (
          <button
            key={option}
            type="button"
            role={poll.multiple ? 'checkbox' : 'radio'}
            aria-checked={chosen.includes(option)}
            disabled={!!poll.closed_at || vote.isPending}
            className={cx(styles.option, chosen.includes(option) && styles.chosen)}
            onClick={() => press(option)}
          >
            <span dir="auto">{text}</span>
            <b>{Math.round(share * 100)} %</b>
            <i style={{ inlineSize: `${share * 100}%` }} />
          </button>
        )
      })}
      <small>{poll.closed_at ? t('poll.closed', { count: poll.voters }) : t('poll.voters', { count: poll.voters })}</small>
    </div>
  )
}
