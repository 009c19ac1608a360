import { useMemo, useState, type KeyboardEvent } from 'react'
import { useOpenDirect } from '@/api/actions'
import { useChats, useMe, usePeopleSearch } from '@/api/queries'
import { Avatar } from '@/components/Avatar'
import { Dialog } from '@/components/Dialog'
import { Search } from '@/components/Search'
import { useLanguage, useT } from '@/lib/i18n'
import { byActivity, matches } from '@/lib/chats'
import styles from './Switcher.module.css'

interface Props {
  onClose: () => void
  onOpen: (chat: number) => void
}

interface Option {
  id: string
  avatar: number
  text: string
  note: string
  group: boolean
  open: () => void
}

/// Quick switcher (Ctrl+K): opens a chat or a person by name.
export function Switcher({ onClose, onOpen }: Props) {
  const t = useT()
  const language = useLanguage()
  const me = useMe()
  const { chats } = useChats()
  const [words, setWords] = useState('')
  const [active, setActive] = useState(0)
  const { data: people } = usePeopleSearch(words)
  const direct = useOpenDirect()

  const options = useMemo<Option[]>(() => {
    const go = (id: number) => () => { onClose(); onOpen(id) }
    const found = byActivity(chats ?? []).filter((chat) => matches(chat, words, language)).slice(0, 8)
    const known = new Set((chats ?? []).map((chat) => chat.peer?.id))
    const others = words.trim() ? (people ?? []).filter((one) => one.id !== me?.id && !known.has(one.id)).slice(0, 8) : []
    return [
      ...found.map((chat) => ({
        id: `chat-${chat.id}`, avatar: chat.peer?.id ?? chat.id, text: chat.title, group: chat.is_group, open: go(chat.id),
        note: chat.is_group ? t('chats.members', { count: chat.member_count }) : chat.peer?.username ? `@${chat.peer.username}` : '',
      })),
      ...others.map((one) => ({
        id: `person-${one.id}`, avatar: one.id, text: one.display_name, group: false, note: one.username ? `@${one.username}` : '',
        open: () => direct.mutate(one.id, { onSuccess: (chat) => go(chat.id)() }),
      })),
    ]
  }, [chats, people, words, language, me?.id, t, direct, onClose, onOpen])

  const now = Math.min(active, options.length - 1)
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) options[now]?.open()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step || options.length === 0) return
    event.preventDefault()
    setActive((now + step + options.length) % options.length)
  }

  return (
    <Dialog title={t('switcher.title')} onClose={onClose} bare>
      <div className={styles.top}>
        <Search
          label={t('switcher.hint')}
          role="combobox"
          aria-expanded="true"
          aria-controls="switcher"
          aria-activedescendant={options[now]?.id}
          data-first
          value={words}
          onChange={(event) => { setWords(event.target.value); setActive(0) }}
          onKeyDown={keys}
        />
      </div>
      <ul id="switcher" role="listbox" aria-label={t('switcher.title')} className={styles.list}>
        {options.map((option, index) => (
          <li key={option.id} id={option.id} role="option" aria-selected={index === now} onClick={option.open} onPointerMove={() => setActive(index)}>
            <Avatar id={option.avatar} name={option.text} size="small" group={option.group} />
            <b>{option.text}</b>
            <small>{option.note}</small>
          </li>
        ))}
        {options.length === 0 && <li role="option" aria-selected="false" aria-disabled="true">{t('common.nothing')}</li>}
      </ul>
    </Dialog>
  )
}
