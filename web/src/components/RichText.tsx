import { memo, useMemo, useState } from 'react'
import { cx } from '@/lib/cx'
import { useT } from '@/lib/i18n'
import everybodyNames from '@/lib/everybody.json'
import { isOnlyEmoji, parse, type Block, type Inline } from '@/lib/markdown'
import { CodeBlock } from './CodeBlock'
import styles from './RichText.module.css'

interface Props {
  text: string
  /// The user's own name, whose mentions stand out.
  me?: string | null
  /// Whether the message mentions anyone; without that `@name` is only text.
  mentions?: boolean
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

function Mention({ name, me, mentions = false, onMention }: Shared & { name: string }) {
  const folded = name.toLocaleLowerCase()
  const everybody = everybodyNames.includes(folded)
  if (!mentions) return `@${name}`
  const mine = everybody || folded === me?.toLocaleLowerCase()
  const look = cx(styles.mention, mine && styles.mine)
  if (everybody || !onMention) return <span className={look}>@{name}</span>
  return <button type="button" className={look} onClick={() => onMention(name)}>@{name}</button>
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
