import { useEffect, useState, type KeyboardEvent } from 'react'
import { findEmoji, loadEmoji, noteEmoji, recentEmoji, type Emoji } from '@/lib/emoji'
import { useLanguage, useT, type Key } from '@/lib/i18n'
import { Spinner } from './Button'
import styles from './EmojiPicker.module.css'
import { Search } from './Search'

const GROUPS: [group: number, name: Key][] = [
  [0, 'emoji.smileys'], [1, 'emoji.people'], [3, 'emoji.nature'], [4, 'emoji.food'], [5, 'emoji.travel'],
  [6, 'emoji.activities'], [7, 'emoji.objects'], [8, 'emoji.symbols'], [9, 'emoji.flags'],
]
const MOST_FOUND = 80

/// All emoji by group, with a search.
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const t = useT()
  const language = useLanguage()
  const [words, setWords] = useState('')
  const [all, setAll] = useState<Emoji[] | null>(null)
  const [failed, setFailed] = useState(false)
  const [recent] = useState(recentEmoji)
  useEffect(() => {
    let over = false
    loadEmoji(language).then((emoji) => { if (!over) setAll(emoji) }).catch(() => { if (!over) setFailed(true) })
    return () => { over = true }
  }, [language])

  const pick = (emoji: string) => {
    noteEmoji(emoji)
    onPick(emoji)
  }
  const byName = new Map(all?.map((one) => [one.emoji, one]))
  const found = words.trim() ? findEmoji(all ?? [], words, MOST_FOUND) : null
  const keys = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key]
    const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('[data-emoji]')]
    const now = buttons.indexOf(document.activeElement as HTMLButtonElement)
    if (!step || (now < 0 && event.key !== 'ArrowDown')) return
    event.preventDefault()
    event.stopPropagation()
    const next = now < 0 ? 0 : now + step
    if (next < 0) event.currentTarget.querySelector('input')?.focus()
    else buttons[Math.min(next, buttons.length - 1)]?.focus()
  }

  return (
    <div className={styles.picker} onKeyDown={keys}>
      <Search
        label={t('emoji.search')}
        data-first
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !found?.[0]) return
          event.preventDefault()
          pick(found[0].emoji)
        }}
      />
      <div className={styles.groups}>
        {!all && <p role="status">{failed ? t('problem.offline') : <Spinner />}</p>}
        {found && <Grid emoji={found} onPick={pick} label={t('emoji.found')} />}
        {found?.length === 0 && all && <p role="status">{t('common.nothing')}</p>}
        {!found && all && recent.length > 0 && (
          <Grid emoji={recent.map((emoji) => byName.get(emoji) ?? { emoji, name: emoji, group: 0, words: [], code: '' })} onPick={pick} label={t('emoji.recent')} />
        )}
        {!found && all && GROUPS.map(([group, name]) => (
          <Grid key={group} emoji={all.filter((one) => one.group === group)} onPick={pick} label={t(name)} />
        ))}
      </div>
    </div>
  )
}

function Grid({ emoji, label, onPick }: { emoji: Emoji[]; label: string; onPick: (emoji: string) => void }) {
  return (
    <section className={styles.group} aria-label={label}>
      <h3>{label}</h3>
      <div>
        {emoji.map((one, index) => (
          <button
            key={one.emoji}
            type="button"
            data-emoji
            tabIndex={index === 0 ? 0 : -1}
            aria-label={one.name}
            title={one.code ? `${one.name} :${one.code}:` : one.name}
            onClick={() => onPick(one.emoji)}
          >
            {one.emoji}
          </button>
        ))}
      </div>
    </section>
  )
}
