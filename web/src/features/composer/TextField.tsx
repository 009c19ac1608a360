import type { ClipboardEvent, KeyboardEvent, RefObject } from 'react'
import { useT } from '@/lib/i18n'
import styles from './Composer.module.css'
import { isTouch } from './text'

interface Props {
  field: RefObject<HTMLTextAreaElement | null>
  text: string
  placeholder: string
  /// It is being saved.
  busy: boolean
  tooLong: boolean
  /// How many completions are offered, and which one is chosen.
  offers: number
  offer: number
  onText: (text: string) => void
  onCaret: (caret: number) => void
  onPaste: (event: ClipboardEvent<HTMLTextAreaElement>) => void
  onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>) => void
}

/// The field for the text of a message.
export function TextField({ field, text, placeholder, busy, tooLong, offers, offer, onText, onCaret, onPaste, onKeyDown }: Props) {
  const t = useT()
  return (
    <textarea
      ref={field}
      className={styles.field}
      rows={1}
      dir="auto"
      readOnly={busy}
      {...(tooLong && { 'aria-invalid': true })}
      aria-label={t('composer.field')}
      aria-autocomplete="list"
      {...(offers > 0 && { 'aria-controls': 'completion', 'aria-activedescendant': `completion-${offer}` })}
      placeholder={placeholder}
      enterKeyHint={isTouch() ? 'enter' : 'send'}
      value={text}
      onChange={(event) => {
        onCaret(event.target.selectionStart)
        onText(event.target.value)
      }}
      onSelect={(event) => onCaret(event.currentTarget.selectionStart)}
      onPaste={onPaste}
      onKeyDown={onKeyDown}
    />
  )
}
