import { Suspense, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { toast } from 'sonner'
import { useEditMessage } from '@/api/actions'
import type { Chat, Message, Quote, User } from '@/api/types'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import type { Recording } from '@/lib/recorder'
import { AttachButton } from './AttachButton'
import { Completion } from './Completion'
import styles from './Composer.module.css'
import { Context } from './Context'
import { EmojiButton } from './EmojiButton'
import { SendButton } from './SendButton'
import { Suggestions } from './Suggestions'
import { TextField } from './TextField'
import type { StagedFile } from './bundles'
import { useCompletion, type Offer } from './useCompletion'
import { useDraft } from './useDraft'
import { useGrow } from './useGrow'
import { useSending, useSendLater, type How } from './useSending'
import { useSuggestions } from './useSuggestions'
import { completes, excess, isTouch, linkedBy, markedBy } from './text'

const Staged = lazyComponent(() => import('./Staged').then((file) => file.Staged))
const RecorderBar = lazyComponent(() => import('./RecorderBar').then((file) => file.RecorderBar))

interface Props {
  chat: Chat
  me: User
  /// The message whose thread it writes in.
  thread?: number | null
  staged: StagedFile[]
  onStage: (files: StagedFile[]) => void
  /// Files were picked.
  onFiles: (files: File[]) => void
  editing: Message | null
  onEdit: (message: Message | null) => void
  /// The message being replied to.
  quoted: Quote | null
  onQuote: (quoted: Quote | null) => void
  /// ArrowUp in an empty field.
  onEditLast: () => void
  onPoll: () => void
  /// Where there is an assistant.
  onAsk?: () => void
}

/// Writes, records and edits messages, with attachments.
export function Composer({ chat, me, thread = null, staged, onStage, onFiles, editing, onEdit, quoted, onQuote, onEditLast, onPoll, onAsk }: Props) {
  const t = useT()
  const [draft, setDraft] = useDraft(chat.id, thread)
  const [edited, setEdited] = useState(editing?.content ?? '')
  const [recording, setRecording] = useState(false)
  const [caret, setCaret] = useState(0)
  const named = useRef(new Map<string, number>())
  const edit = useEditMessage()
  const place = { chat: chat.id, thread, quoted }
  const { sendText, sendFiles, sendVoice, typing } = useSending(place)
  const later = useSendLater(place)
  const text = editing ? edited : draft
  const field = useGrow(text)
  const { texts: suggested, suggest, clear: dropSuggested } = useSuggestions(chat.id)
  const completion = useCompletion(chat, me.id, text, caret)
  const over = Math.max(excess(text), ...(editing ? [] : staged.map(({ caption }) => excess(caption))))
  const ready = text.trim() !== '' || (staged.length > 0 && !editing)

  useEffect(() => {
    if (!isTouch() || editing) field.current?.focus()
  }, [editing, quoted, field])

  const change = (next: string) => (editing ? setEdited(next) : setDraft(next))
  /// Puts a text in place of another, with the caret after it.
  const insert = (what: string, from: number, to: number) => {
    change(text.slice(0, from) + what + text.slice(to))
    requestAnimationFrame(() => {
      field.current?.focus()
      field.current?.setSelectionRange(from + what.length, from + what.length)
      setCaret(from + what.length)
    })
  }
  const choose = ({ text: what, person }: Offer) => {
    if (!completion.asked) return
    if (person && !person.username && completion.asked.kind === '@') named.current.set(person.display_name, person.id)
    insert(what, completion.asked.from, completion.asked.to)
  }
  const mentions = () => [...named.current].filter(([name]) => text.includes(name)).map(([, id]) => id)
  const clear = () => {
    onStage([])
    onQuote(null)
    setDraft('')
    dropSuggested()
    named.current.clear()
    field.current?.focus()
  }

  const submit = (how: How = {}) => {
    if (!ready || over > 0 || edit.isPending) return
    if (editing) {
      if (edited.trim() === editing.content) return onEdit(null)
      // Until it is saved, it stays in the field.
      return edit.mutate({ message: editing, content: edited.trim() }, { onSuccess: () => onEdit(null) })
    }
    if (staged.length > 0) void sendFiles(staged, draft, { ...how, mentions: mentions() })
    else sendText(draft.trim(), { ...how, mentions: mentions() })
    clear()
  }
  const submitLater = (at: Date) =>
    later.mutate({ content: draft.trim(), at, mentions: mentions() }, { onSuccess: () => { clear(); toast.success(t('scheduled.done')) } })

  const keys = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || completes(event, completion, choose)) return
    const marked = markedBy(event, text)
    if (marked) {
      const area = event.currentTarget
      change(marked.text)
      requestAnimationFrame(() => area.setSelectionRange(marked.from, marked.to))
    }
    if (event.key === 'Enter' && !event.shiftKey && (!isTouch() || event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      submit()
    }
    if (event.key === 'ArrowUp' && text === '' && !editing) {
      event.preventDefault()
      onEditLast()
    }
    const cancel = editing ? () => onEdit(null) : quoted ? () => onQuote(null) : staged.length > 0 ? () => onStage([]) : null
    if (event.key === 'Escape' && cancel) {
      event.preventDefault()
      event.stopPropagation()
      cancel()
    }
  }

  const voice = (recorded: Recording) => { setRecording(false); sendVoice(recorded); onQuote(null) }
  if (recording) return <Suspense fallback={<div className={styles.composer} />}><RecorderBar onSend={voice} onCancel={() => setRecording(false)} /></Suspense>
  return (
    <form className={styles.composer} aria-label={thread ? t('thread.reply') : t('composer.title')} onSubmit={(event) => { event.preventDefault(); submit() }}>
      {completion.offers.length > 0 && <Completion offers={completion.offers} index={completion.index} onChoose={choose} onHover={completion.setActive} />}
      {!editing && suggested.length > 0 && <Suggestions texts={suggested} onChoose={(what) => { dropSuggested(); insert(what, 0, text.length) }} onClose={dropSuggested} />}
      <Context editing={editing} quoted={quoted} onEdit={onEdit} onQuote={onQuote} />
      {!editing && staged.length > 0 && <Suspense><Staged files={staged} onChange={onStage} /></Suspense>}
      {over > 0 && <p className={styles.excess} role="status">{t('composer.too_long', { count: over })}</p>}
      <div className={styles.line}>
        {!editing && <AttachButton onFiles={(files) => { onFiles(files); field.current?.focus() }} onPoll={onPoll} onAsk={onAsk} onSuggest={onAsk && suggest} />}
        <TextField
          field={field}
          text={text}
          busy={edit.isPending}
          tooLong={over > 0}
          offers={completion.offers.length}
          offer={completion.index}
          placeholder={staged.length > 1 && !editing ? t('composer.common_caption') : staged.length > 0 || (editing && editing.type !== 'text') ? t('composer.caption') : thread ? t('thread.reply') : t('composer.field')}
          onText={(next) => { change(next); if (!editing) typing() }}
          onCaret={setCaret}
          onPaste={(event) => linkedBy(event, text, insert)}
          onKeyDown={keys}
        />
        <EmojiButton onPick={(emoji) => insert(emoji, caret, field.current?.selectionEnd ?? caret)} />
        <SendButton ready={ready} disabled={over > 0 || edit.isPending} editing={editing !== null} canSchedule={staged.length === 0} onSilent={() => submit({ silent: true })} onLater={submitLater} onRecord={() => setRecording(true)} />
      </div>
    </form>
  )
}
