import { useState, type ReactNode } from 'react'
import { useMe, usePeopleSearch } from '@/api/queries'
import type { Person } from '@/api/types'
import { PersonRow } from '@/components/PersonRow'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import styles from './NewChat.module.css'

interface Props {
  /// Of several: those that are chosen already.
  chosen?: Person[]
  /// Whether the dialog puts the focus here.
  first?: boolean
  onChoose: (person: Person) => void
  /// Between the field and the people.
  children?: ReactNode
}

/// Finds people by name, to choose one or several.
export function PeopleFinder({ chosen, first, onChoose, children }: Props) {
  const t = useT()
  const me = useMe()
  const [words, setWords] = useState('')
  const { data: found, isFetching } = usePeopleSearch(words)
  const people = (found ?? []).filter((person) => person.id !== me?.id)
  return (
    <>
      <div className={styles.search}>
        <Search label={t('people.search')} value={words} data-first={first || undefined} onChange={(event) => setWords(event.target.value)} />
      </div>
      {children}
      <ul className={styles.people}>
        {words.trim() !== '' && people.map((person) => (
          <PersonRow key={person.id} person={person} selected={chosen?.some((one) => one.id === person.id)} onSelect={() => onChoose(person)} />
        ))}
      </ul>
      <p className={styles.hint} role="status">
        {words.trim() === '' ? t('people.hint') : !isFetching && people.length === 0 ? t('people.none') : ''}
      </p>
    </>
  )
}
