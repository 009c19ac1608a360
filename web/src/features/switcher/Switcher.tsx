import { useEffect, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useChat, usePerson } from '@/api/queries'
import { Avatar } from '@/components/Avatar'
import { Dialog } from '@/components/Dialog'
import { Marked } from '@/components/MessageLine'
import { Search } from '@/components/Search'
import { Time } from '@/components/Time'
import { authorName } from '@/lib/author'
import { useT } from '@/lib/i18n'
import { useSections, type Command, type Found, type Option, type Section } from './options'
import styles from './Switcher.module.css'

interface Props {
  commands: Command[]
  onOpen: (chat: number, message?: number) => void
  onClose: () => void
}

/// Finds chats, people, messages and commands (Ctrl+K): a field, and a list below it that the keys of the field move in.
export function Switcher({ commands, onOpen, onClose }: Props) {
  const t = useT()
  const [words, setWords] = useState('')
  const [active, setActive] = useState<string | null>(null)
  const { sections, searching } = useSections(words, { commands, onOpen, onClose })
  const options = sections.flatMap((section) => section.options)
  // By id, so that what is found later does not move it.
  const now = Math.max(0, options.findIndex(({ id }) => id === active))
  const chosen = options[now]?.id

  useEffect(() => {
    if (chosen) document.getElementById(chosen)?.scrollIntoView?.({ block: 'nearest' })
  }, [chosen])

  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || options.length === 0) return
    if (event.key === 'Enter') {
      event.preventDefault()
      options[now]?.run()
    }
    const first = (at: number) => options.findIndex((option) => option === sections[(at + sections.length) % sections.length]?.options[0])
    const section = sections.findIndex((one) => one.options.includes(options[now]!))
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: first(section + 1), PageUp: first(section - 1) }[event.key]
    if (next === undefined) return
    event.preventDefault()
    setActive(options[(next + options.length) % options.length]!.id)
  }

  return (
    <Dialog title={t('switcher.title')} onClose={onClose} bare>
      <div className={styles.top}>
        <Search
          label={t('switcher.hint')}
          role="combobox"
          aria-expanded={options.length > 0}
          aria-autocomplete="list"
          aria-controls="switcher"
          aria-activedescendant={chosen}
          data-first
          value={words}
          maxLength={400}
          onChange={(event) => { setWords(event.target.value); setActive(null) }}
          onKeyDown={keys}
        />
      </div>
      <p className="visually-hidden" role="status">{searching ? '' : t('switcher.count', { count: options.length })}</p>
      <div id="switcher" role="listbox" aria-label={t('switcher.title')} aria-busy={searching} className={styles.list}>
        {sections.map((section) => <Group key={section.name} section={section} chosen={chosen} onHover={setActive} />)}
      </div>
      {options.length === 0 && !searching && <p className={styles.none}>{t('common.nothing')}</p>}
    </Dialog>
  )
}

function Group({ section: { name, options }, chosen, onHover }: { section: Section; chosen: string | undefined; onHover: (id: string) => void }) {
  const t = useT()
  const titles = { chats: t('chats.title'), people: t('switcher.people'), commands: t('switcher.commands'), messages: t('switcher.messages') }
  return (
    <div role="group" aria-labelledby={`switcher-${name}`}>
      <h3 id={`switcher-${name}`} role="presentation">{titles[name]}</h3>
      {options.map((option) => (
        <div key={option.id} id={option.id} role="option" aria-selected={option.id === chosen} className={styles.option} onClick={option.run} onPointerMove={() => onHover(option.id)}>
          <Content option={option} />
        </div>
      ))}
    </div>
  )
}

function Content({ option: { chat, person, command, message } }: { option: Option }) {
  const t = useT()
  if (chat) {
    const note = chat.is_group ? t('chats.members', { count: chat.member_count }) : chat.peer?.username ? `@${chat.peer.username}` : ''
    return <Line face={<Avatar id={chat.peer?.id ?? chat.id} name={chat.title} url={chat.avatar_url ?? chat.peer?.avatar_url} size="small" group={chat.is_group} />} note={note}>{chat.title}</Line>
  }
  if (person) return <Line face={<Avatar id={person.id} name={person.display_name} url={person.avatar_url} size="small" />} note={person.username ? `@${person.username}` : ''}>{person.display_name}</Line>
  if (command) return <Line face={<span className={styles.icon}>{command.icon}</span>} note={command.keys}>{command.text}</Line>
  return message ? <FoundMessage found={message} /> : null
}

function Line({ face, note, children }: { face: ReactNode; note?: ReactNode; children: ReactNode }) {
  return <>{face}<b dir="auto">{children}</b>{note && <small>{note}</small>}</>
}

function FoundMessage({ found: { message, snippet } }: { found: Found }) {
  const t = useT()
  const chat = useChat(message.chat_id)
  const author = usePerson(message.author_id)
  const name = authorName(t, message, author)
  return (
    <>
      <Avatar id={message.author_id} name={name || '?'} url={author?.avatar_url} size="small" />
      <span className={styles.message}>
        <span><b dir="auto">{chat?.is_group ? `${name} · ${chat.title}` : name}</b><small><Time at={message.ts} form="brief" /></small></span>
        <span dir="auto"><Marked text={snippet.text} marks={snippet.highlights} /></span>
      </span>
    </>
  )
}
