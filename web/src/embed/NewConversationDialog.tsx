import { useState, type FormEvent } from 'react'
import { usePeopleSearch } from '@/api/queries'
import type { Person } from '@/api/types'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Field } from '@/components/Field'
import { PersonRow } from '@/components/PersonRow'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import styles from './NewConversationDialog.module.css'
import type { CreateConversation } from './types'

interface Props {
  onCreate: CreateConversation
  onCreated: (chatId: string) => void
  onClose: () => void
}

/// Chooses people: one is a private conversation, several with a title are a group.
export function NewConversationDialog({ onCreate, onCreated, onClose }: Props) {
  const t = useT()
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState<Person[]>([])
  const [title, setTitle] = useState('')
  const [busy, setBusy] = useState(false)
  const { data } = usePeopleSearch(words)
  const group = chosen.length > 1 || title.trim() !== ''
  const has = (person: Person) => chosen.some(({ id }) => id === person.id)
  const shown = [...chosen, ...(words.trim() ? data ?? [] : []).filter((person) => !has(person))]
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    const made = await onCreate(group ? 'group' : 'private', group ? title.trim() : undefined, chosen.map(({ id }) => id)).catch(() => null)
    setBusy(false)
    if (!made) return
    onClose()
    onCreated(made.id)
  }
  return (
    <Dialog title={t('chats.new')} onClose={onClose}>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        <Search label={t('people.search')} data-first value={words} onChange={(event) => setWords(event.target.value)} />
        <ul>
          {shown.map((person) => (
            <PersonRow key={person.id} person={person} selected={has(person)} onSelect={() => setChosen(has(person) ? chosen.filter(({ id }) => id !== person.id) : [...chosen, person])} />
          ))}
        </ul>
        <Field label={t('chats.group_title')} value={title} maxLength={100} required={chosen.length > 1} onChange={(event) => setTitle(event.target.value)} />
        <Button type="submit" look="main" busy={busy} disabled={chosen.length === 0 && !group}>{group ? t('chats.create') : t('person.write')}</Button>
      </form>
    </Dialog>
  )
}
