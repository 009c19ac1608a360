import { useState } from 'react'
import { useAddMember } from '@/api/actions'
import { usePeopleSearch } from '@/api/queries'
import type { Member } from '@/api/types'
import { Dialog } from '@/components/Dialog'
import { PersonRow } from '@/components/PersonRow'
import { Search } from '@/components/Search'
import { useT } from '@/lib/i18n'
import styles from './ChatInfo.module.css'

export function AddMembers({ chat, members, onClose }: { chat: number; members: Member[]; onClose: () => void }) {
  const t = useT()
  const [words, setWords] = useState('')
  const { data } = usePeopleSearch(words)
  const add = useAddMember(chat)
  const inside = new Set(members.map((member) => member.user.id))
  const found = words.trim() ? (data ?? []) : []
  return (
    <Dialog title={t('members.add')} onClose={onClose}>
      <div className={styles.search}>
        <Search label={t('people.search')} data-first value={words} onChange={(event) => setWords(event.target.value)} />
      </div>
      <div className={styles.found}>
        <ul>
          {found.map((person) => (
            <PersonRow
              key={person.id}
              person={person}
              note={inside.has(person.id) ? t('members.inside') : undefined}
              onSelect={inside.has(person.id) ? undefined : () => add.mutate(person.id)}
            />
          ))}
        </ul>
        <p role="status">{!words.trim() ? t('people.hint') : data && found.length === 0 ? t('people.none') : ''}</p>
      </div>
    </Dialog>
  )
}
