import { useState } from 'react'
import { useMembers, usePerson } from '@/api/queries'
import type { Member, Message } from '@/api/types'
import { Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { PersonRow } from '@/components/PersonRow'
import { Segments } from '@/components/Segments'
import { Time } from '@/components/Time'
import { useT } from '@/lib/i18n'
import styles from './MessageInfo.module.css'
import { useEdits, useReceipts } from './server'

type Tab = 'readers' | 'reactions' | 'edits'

/// Who has read a message, who reacted, and how it was edited.
export function MessageInfo({ message, onClose }: { message: Message; onClose: () => void }) {
  const t = useT()
  const [tab, setTab] = useState<Tab>('readers')
  const tabs: Tab[] = ['readers', ...(message.reactions.length > 0 ? ['reactions' as const] : []), ...(message.edited_at ? ['edits' as const] : [])]
  const names = { readers: t('info.readers'), reactions: t('info.reactions'), edits: t('info.edits') }
  return (
    <Dialog title={t('info.title')} onClose={onClose}>
      <div className={styles.body}>
        <p className={styles.sent}>{t('info.sent')} <Time at={message.ts} form="full" /></p>
        {tabs.length > 1 && <Segments label={t('info.title')} value={tab} onChange={setTab} options={tabs.map((value) => ({ value, text: names[value] }))} />}
        {tab === 'readers' && <Readers message={message.id} />}
        {tab === 'reactions' && <Reacted message={message} />}
        {tab === 'edits' && <Edits message={message} />}
      </div>
    </Dialog>
  )
}

function Readers({ message }: { message: number }) {
  const t = useT()
  const { data, isError } = useReceipts(message)
  if (!data) return <p className={styles.hint} role="status">{isError ? t('problem.unknown') : <Spinner />}</p>
  const read = new Set(data.read_by.map(({ id }) => id))
  const delivered = data.delivered_to.filter(({ id }) => !read.has(id))
  return (
    <>
      <section aria-label={t('info.read')}>
        <h3>{t('info.read')} · {data.read_count}</h3>
        <ul>{data.read_by.map((person) => <PersonRow key={person.id} person={person} />)}</ul>
        {data.read_count === 0 && <p className={styles.hint}>{t('info.nobody')}</p>}
      </section>
      {delivered.length > 0 && (
        <section aria-label={t('info.delivered')}>
          <h3>{t('info.delivered')} · {delivered.length}</h3>
          <ul>{delivered.map((person) => <PersonRow key={person.id} person={person} />)}</ul>
        </section>
      )}
    </>
  )
}

function Reacted({ message }: { message: Message }) {
  const members = useMembers(message.chat_id)
  return message.reactions.map(({ emoji, count, user_ids }) => (
    <section key={emoji} aria-label={emoji}>
      <h3><span className={styles.emoji}>{emoji}</span> · {count}</h3>
      <ul>{user_ids.map((id) => <Reactor key={id} id={id} members={members} />)}</ul>
    </section>
  ))
}

function Reactor({ id, members }: { id: number; members: Member[] | undefined }) {
  const person = usePerson(id, members)
  return person ? <PersonRow person={person} /> : null
}

function Edits({ message }: { message: Message }) {
  const t = useT()
  const { data, isError } = useEdits(message.id, true)
  if (!data) return <p className={styles.hint} role="status">{isError ? t('problem.unknown') : <Spinner />}</p>
  return (
    <ol className={styles.edits}>
      {[...data].sort((a, b) => (a.ts < b.ts ? 1 : -1)).map((edit, index) => (
        <li key={index}>
          <Time at={edit.ts} form="full" />
          <p dir="auto">{edit.content}</p>
        </li>
      ))}
    </ol>
  )
}
