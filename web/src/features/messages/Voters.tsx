import type { Poll } from '@/api/types'
import { Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { PersonRow } from '@/components/PersonRow'
import { useT } from '@/lib/i18n'
import styles from './MessageInfo.module.css'
import { useVoters } from './server'

/// Who chose what in a poll.
export function Voters({ message, poll, onClose }: { message: number; poll: Poll; onClose: () => void }) {
  const t = useT()
  return (
    <Dialog title={t('poll.who')} onClose={onClose}>
      <div className={styles.body}>
        {poll.options.map(({ text, votes }, option) => <Option key={option} message={message} option={option} text={text} votes={votes} />)}
      </div>
    </Dialog>
  )
}

function Option({ message, option, text, votes }: { message: number; option: number; text: string; votes: number }) {
  const t = useT()
  const { data } = useVoters(message, option)
  return (
    <section aria-label={text}>
      <h3 dir="auto">{text} · {votes}</h3>
      {!data && <Spinner />}
      {data?.length === 0 && <p className={styles.hint}>{t('poll.nobody')}</p>}
      <ul>{data?.map((person) => <PersonRow key={person.id} person={person} />)}</ul>
    </section>
  )
}
