import type { ReactNode } from 'react'
import type { Person } from '@/api/types'
import { useT } from '@/lib/i18n'
import { Avatar } from './Avatar'
import styles from './PersonRow.module.css'

interface Props {
  person: Person
  note?: ReactNode
  onSelect?: () => void
  selected?: boolean
  children?: ReactNode
}

/// A person in a list; a button if selectable.
export function PersonRow({ person, note, onSelect, selected, children }: Props) {
  const t = useT()
  const inside = (
    <>
      <Avatar id={person.id} name={person.display_name} url={person.avatar_url} />
      <span className={styles.text}>
        <b>{person.display_name}</b>
        <small>{note ?? [person.is_bot && t('bots.tag'), person.username && `@${person.username}`].filter(Boolean).join(' · ')}</small>
      </span>
    </>
  )
  return (
    <li className={styles.row}>
      {onSelect
        ? <button type="button" aria-pressed={selected} className={styles.main} onClick={onSelect}>{inside}</button>
        : <span className={styles.main}>{inside}</span>}
      {children}
    </li>
  )
}
