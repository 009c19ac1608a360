import { useState, type FormEvent } from 'react'
import { useCreateGroup } from '@/api/actions'
import type { Chat, Person } from '@/api/types'
import { Area } from '@/components/Area'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Segments } from '@/components/Segments'
import { Switch } from '@/components/Switch'
import { useT } from '@/lib/i18n'
import styles from './NewChat.module.css'
import { PeopleFinder } from './PeopleFinder'

interface Props {
  channel: boolean
  onMade: (chat: Chat) => void
}

/// The title, description, rules and first members of a new group or channel.
export function NewGroup({ channel, onMade }: Props) {
  const t = useT()
  const [title, setTitle] = useState('')
  const [description, setDescription] = useState('')
  const [access, setAccess] = useState<'open' | 'closed'>('open')
  const [readOnly, setReadOnly] = useState(channel)
  const [chosen, setChosen] = useState<Person[]>([])
  const create = useCreateGroup()
  const toggle = (person: Person) =>
    setChosen(chosen.some((one) => one.id === person.id) ? chosen.filter((one) => one.id !== person.id) : [...chosen, person])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({
      title: title.trim(),
      // Everybody finds and joins a channel of the server; one that is closed is a group.
      kind: channel && access === 'open' ? 'channel' : 'group',
      member_ids: chosen.map((one) => one.id),
      ...(description.trim() && { description: description.trim() }),
      ...(readOnly && { read_only: true }),
    }, { onSuccess: onMade })
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <div className={styles.body}>
        <Field label={channel ? t('chats.channel_title') : t('chats.group_title')} value={title} required maxLength={100} autoFocus onChange={(event) => setTitle(event.target.value)} />
        <Area label={t('members.description')} value={description} rows={2} maxLength={1000} onChange={(event) => setDescription(event.target.value)} />
        {channel && (
          <>
            <Segments
              label={t('chats.access')}
              value={access}
              onChange={setAccess}
              options={[{ value: 'open', text: t('chats.access_open') }, { value: 'closed', text: t('chats.access_closed') }]}
            />
            <p className={styles.note} role="status">{access === 'open' ? t('chats.access_open.hint') : t('chats.access_closed.hint')}</p>
            <Switch label={t('members.read_only')} checked={readOnly} onChange={setReadOnly} />
          </>
        )}
        <PeopleFinder chosen={chosen} onChoose={toggle}>
          {chosen.length > 0 && (
            <ul className={styles.chosen} aria-label={t('chats.chosen')}>
              {chosen.map((person) => (
                <li key={person.id}>
                  <button type="button" aria-label={t('chats.unchoose', { name: person.display_name })} onClick={() => toggle(person)}>
                    {person.display_name} ×
                  </button>
                </li>
              ))}
            </ul>
          )}
        </PeopleFinder>
      </div>
      <footer className={styles.footer}>
        <Button type="submit" look="main" busy={create.isPending} disabled={!title.trim()}>{channel ? t('chats.create_channel') : t('chats.create')}</Button>
      </footer>
    </form>
  )
}
