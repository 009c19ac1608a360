import { memo, useMemo, useState } from 'react'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import { isOnlyEmoji, parse, type Block, type Inline } from '@/lib/markdown'
import { everybodyIn, readings } from '@/lib/mentions'
import { CodeBlock } from './CodeBlock'
import styles from './RichText.module.css'

interface Props {
  text: string
  /// The user's own name, whose mentions stand out.
  me?: string | null
  /// Whether the message mentions anyone; without that `@name` is only text.
  mentions?: boolean
  /// The user names of those it mentions, as far as they are known.
  names?: string[]
  onMention?: (name: string) => void
}

/// A message's text with its formatting. Built of elements, never of HTML.
export const RichText = memo(function RichText({ text, ...rest }: Props) {
  const blocks = useMemo(() => (isOnlyEmoji(text) ? null : parse(text)), [text])
  if (!blocks) return <span className={styles.emoji}>{text}</span>
  return <div className={styles.text} dir="auto">{blocks.map((block, index) => <Piece key={index} block={block} {...rest} />)}</div>
})

type Shared = Omit<Props, 'text'>

function Piece({ block, ...rest }: Shared & { block: Block }) {
  switch (block.kind) {
    case 'code': return <CodeBlock text={block.text} language={block.language} />
    case 'heading': return <p className={styles.heading}><Parts parts={block.children} {...rest} /></p>
    case 'quote': return <blockquote>{block.children.map((one, index) => <Piece key={index} block={one} {...rest} />)}</blockquote>
    case 'list': {
      const items = block.items.map((parts, index) => <li key={index} dir="auto"><Parts parts={parts} {...rest} /></li>)
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>
    }
    default: return <p dir="auto"><Parts parts={block.children} {...rest} /></p>
  }
}

function Parts({ parts, ...rest }: Shared & { parts: Inline[] }) {
  return parts.map((part, index) => <Part key={index} part={part} {...rest} />)
}

function Part({ part, ...rest }: Shared & { part: Inline }) {
  const inside = 'children' in part && <Parts parts={part.children} {...rest} />
  switch (part.kind) {
    case 'text': return part.text
    case 'code': return <code>{part.text}</code>
    case 'bold': return <strong>{inside}</strong>
    case 'italic': return <em>{inside}</em>
    case 'strike': return <s>{inside}</s>
    case 'spoiler': return <Spoiler>{inside}</Spoiler>
    case 'mention': return <Mention name={part.name} {...rest} />
    case 'link': return <a href={part.url} title={part.url} target="_blank" rel="noopener noreferrer">{inside}</a>
  }
}

function Mention({ name, me, mentions = false, names = [], onMention }: Shared & { name: string }) {
  if (!mentions) return `@${name}`
  const fold = (text: string) => text.toLocaleLowerCase()
  const known = [...names, me ?? ''].map(fold)
  const everybody = everybodyIn(name)
  // What is written together with a name is no part of it.
  const meant = everybody ?? readings(name).find((reading) => known.includes(fold(reading))) ?? name
  const mine = everybody !== null || fold(meant) === fold(me ?? '')
  const look = cx(styles.mention, mine && styles.mine)
  const shown = everybody !== null || !onMention ? <span className={look}>@{meant}</span>
    : <button type="button" className={look} onClick={() => onMention(meant)}>@{meant}</button>
  return <>{shown}{name.slice(meant.length)}</>
}

function Spoiler({ children }: { children: React.ReactNode }) {
  const t = useT()
  const [shown, setShown] = useState(false)
  if (shown) return <span>{children}</span>
  return (
    <button type="button" className={styles.spoiler} aria-label={t('text.spoiler')} onClick={() => setShown(true)}>
      <span aria-hidden="true">{children}</span>
    </button>
  )
}
