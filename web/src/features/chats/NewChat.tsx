import { Users } from 'lucide-react'
import { useState } from 'react'
import { useCreateGroup, useOpenDirect } from '@/api/actions'
import { useMe, usePeopleSearch } from '@/api/queries'
import type { Person } from '@/api/types'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Field } from '@/components/Field'
import { PersonRow } from '@/components/PersonRow'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import styles from './NewChat.module.css'

interface Props {
  onClose: () => void
  onOpen: (chat: number) => void
}

/// Starts a private chat with a person, or a group with several.
export function NewChat({ onClose, onOpen }: Props) {
  const t = useT()
  const me = useMe()
  const [words, setWords] = useState('')
  const [group, setGroup] = useState(false)
  const [chosen, setChosen] = useState<Person[]>([])
  const [title, setTitle] = useState('')
  const { data: found, isFetching } = usePeopleSearch(words)
  const direct = useOpenDirect()
  const create = useCreateGroup()
  const people = (found ?? []).filter((person) => person.id !== me?.id)
  const has = (person: Person) => chosen.some((one) => one.id === person.id)
  const open = (chat: { id: number }) => {
    onClose()
    onOpen(chat.id)
  }
  const choose = (person: Person) => {
    if (!group) return direct.mutate(person.id, { onSuccess: open })
    setChosen(has(person) ? chosen.filter((one) => one.id !== person.id) : [...chosen, person])
  }

  return (
    <Dialog title={group ? t('chats.new_group') : t('chats.new')} onClose={onClose}>
      <div className={styles.body}>
        {group && (
          <Field label={t('chats.group_title')} value={title} maxLength={100} onChange={(event) => setTitle(event.target.value)} />
        )}
        <div className={styles.search}>
          <Search label={t('people.search')} value={words} data-first onChange={(event) => setWords(event.target.value)} />
        </div>
        {!group && (
          <button type="button" className={styles.group} onClick={() => setGroup(true)}>
            <span><Users size={22} /></span>{t('chats.new_group')}
          </button>
        )}
        {chosen.length > 0 && (
          <ul className={styles.chosen} aria-label={t('chats.chosen')}>
            {chosen.map((person) => (
              <li key={person.id}>
                <button type="button" aria-label={t('chats.unchoose', { name: person.display_name })} onClick={() => choose(person)}>
                  {person.display_name} ×
                </button>
              </li>
            ))}
          </ul>
        )}
        <ul className={styles.people}>
          {words.trim() !== '' && people.map((person) => (
            <PersonRow key={person.id} person={person} selected={group ? has(person) : undefined} onSelect={() => choose(person)} />
          ))}
        </ul>
        <p className={styles.hint} role="status">
          {words.trim() === '' ? t('people.hint') : !isFetching && people.length === 0 ? t('people.none') : ''}
        </p>
      </div>
      {group && (
        <footer className={styles.footer}>
          <Button
            look="main"
            busy={create.isPending}
            disabled={!title.trim()}
            onClick={() => create.mutate({ title: title.trim(), member_ids: chosen.map((one) => one.id) }, { onSuccess: open })}
          >
            {t('chats.create')}
          </Button>
        </footer>
      )}
    </Dialog>
  )
}
