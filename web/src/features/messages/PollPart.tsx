import { Suspense, useState } from 'react'
import { useVote } from '@/api/actions'
import { useOwnVote } from '@/api/queries'
import type { Message, Poll } from '@/api/types'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import styles from './Poll.module.css'

const Voters = lazyComponent(() => import('./Voters').then((file) => file.Voters))

/// A poll: its options with their shares, and voting.
export function PollPart({ message, poll, me }: { message: Message; poll: Poll; me: number }) {
  const t = useT()
  const vote = useVote()
  const chosen = useOwnVote(message, me)
  const [asking, setAsking] = useState(false)
  const press = (option: number) => {
    const had = chosen.includes(option)
    const others = poll.multiple ? chosen.filter((one) => one !== option) : []
    vote.mutate({ message, options: had ? others : [...others, option] })
  }
  const kind = [poll.anonymous && t('poll.is_anonymous'), poll.multiple && t('poll.is_multiple')].filter(Boolean).join(' · ')
  return (
    <div className={styles.poll} role="group" aria-label={message.content ?? undefined}>
      {kind && <small>{kind}</small>}
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
      {!poll.anonymous && poll.voters > 0
        ? <button type="button" className={styles.who} onClick={() => setAsking(true)} title={t('poll.who')}><Count poll={poll} /></button>
        : <small><Count poll={poll} /></small>}
      {asking && <Suspense><Voters message={message.id} poll={poll} onClose={() => setAsking(false)} /></Suspense>}
    </div>
  )
}

function Count({ poll }: { poll: Poll }) {
  const t = useT()
  return <>{poll.closed_at ? t('poll.closed', { count: poll.voters }) : t('poll.voters', { count: poll.voters })}</>
}
