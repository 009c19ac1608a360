import type { ComponentProps, ReactNode } from 'react'
import { Avatar } from './Avatar'
import styles from './MessageLine.module.css'
import { Time } from './Time'

interface Props {
  avatar: { id: number; name: string; url?: string | null; group?: boolean }
  title: ReactNode
  at: string
  children: ReactNode
  onOpen: () => void
  /// Buttons beside it.
  tools?: ReactNode
  /// What else the line does.
  handle?: ComponentProps<'button'>
}

/// A message in a list, which leads to its place in the chat.
export function MessageLine({ avatar, title, at, children, onOpen, tools, handle }: Props) {
  return (
    <li className={styles.row}>
      <button type="button" className={styles.line} onClick={onOpen} {...handle}>
        <Avatar {...avatar} size="small" />
        <span className={styles.top}><b dir="auto">{title}</b><Time at={at} form="brief" /></span>
        <span className={styles.text} dir="auto">{children}</span>
      </button>
      {tools}
    </li>
  )
}

/// A text with parts of it marked; positions count UTF-16 units, as strings here do.
export function Marked({ text, marks }: { text: string; marks: number[][] }) {
  const parts: ReactNode[] = []
  let at = 0
  for (const [from = 0, to = 0] of marks) {
    if (from < at || to <= from) continue
    parts.push(text.slice(at, from), <mark key={from}>{text.slice(from, to)}</mark>)
    at = to
  }
  return <>{parts}{text.slice(at)}</>
}
