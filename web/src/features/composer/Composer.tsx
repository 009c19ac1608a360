import { ArrowUp, Check, Mic, Paperclip, Pencil, Reply, X } from 'lucide-react'
import { Suspense, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useEditMessage } from '@/api/actions'
import type { Chat, Message, Quote } from '@/api/types'
import { IconButton } from '@/components/Button'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import styles from './Composer.module.css'
import { Staged } from './Staged'
import { useDraft } from './useDraft'
import { useGrow } from './useGrow'
import { useSending } from './useSending'

const RecorderBar = lazyComponent(() => import('./RecorderBar').then((file) => file.RecorderBar))

interface Props {
  chat: Chat
  staged: File[]
  onStage: (files: File[]) => void
  editing: Message | null
  onEdit: (message: Message | null) => void
  /// The message being replied to.
  quoted: Quote | null
  onQuote: (quoted: Quote | null) => void
  /// ArrowUp in an empty field.
  onEditLast: () => void
}

const touch = () => matchMedia('(hover: none) and (pointer: coarse)').matches

/// Writes, records and edits messages, with attachments.
export function Composer({ chat, staged, onStage, editing, onEdit, quoted, onQuote, onEditLast }: Props) {
  const t = useT()
  const [draft, setDraft] = useDraft(chat.id)
  const [edited, setEdited] = useState(editing?.content ?? '')
  const [recording, setRecording] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  const edit = useEditMessage()
  const { sendText, sendFiles, sendVoice, typing } = useSending(chat.id, quoted)
  const text = editing ? edited : draft
  const field = useGrow(text)
  const ready = text.trim() !== '' || (staged.length > 0 && !editing)

  useEffect(() => {
    if (!touch() || editing) field.current?.focus()
  }, [editing, quoted, field])

  const submit = () => {
    if (!ready) return
    if (editing) {
      if (edited.trim() !== editing.content) edit.mutate({ message: editing, content: edited.trim() })
      return onEdit(null)
    }
    if (staged.length > 0) void sendFiles(staged, draft.trim() || null)
    else sendText(draft.trim())
    onStage([])
    onQuote(null)
    setDraft('')
    field.current?.focus()
  }

  const keys = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey && (!touch() || event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      submit()
    }
    if (event.key === 'ArrowUp' && text === '' && !editing) {
      event.preventDefault()
      onEditLast()
    }
    if (event.key === 'Escape' && (editing || quoted || staged.length > 0)) {
      event.stopPropagation()
      if (editing) onEdit(null)
      else if (quoted) onQuote(null)
      else onStage([])
    }
  }

  if (recording) {
    return (
      <Suspense fallback={<div className={styles.composer} />}>
        <RecorderBar onSend={(voice) => { setRecording(false); sendVoice(voice); onQuote(null) }} onCancel={() => setRecording(false)} />
      </Suspense>
    )
  }
  return (
    <form className={styles.composer} aria-label={t('composer.title')} onSubmit={(event) => { event.preventDefault(); submit() }}>
      {editing && (
        <div className={styles.editing}>
          <Pencil size={18} />
          <p><b>{t('composer.editing')}</b><span>{editing.content}</span></p>
          <IconButton label={t('common.cancel')} onClick={() => onEdit(null)}><X size={18} /></IconButton>
        </div>
      )}
      {!editing && quoted && (
        <div className={styles.editing}>
          <Reply size={18} />
          <p><b>{t('composer.answering')}</b><span dir="auto">{quoted.text}</span></p>
          <IconButton label={t('common.cancel')} onClick={() => onQuote(null)}><X size={18} /></IconButton>
        </div>
      )}
      {!editing && staged.length > 0 && <Staged files={staged} onChange={onStage} />}
      <div className={styles.line}>
        {!editing && <IconButton label={t('composer.attach')} onClick={() => picker.current?.click()}><Paperclip size={21} /></IconButton>}
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={t('composer.attach')}
          onChange={(event) => {
            onStage([...staged, ...(event.target.files ?? [])])
            event.target.value = ''
            field.current?.focus()
          }}
        />
        <textarea
          ref={field}
          className={styles.field}
          rows={1}
          dir="auto"
          maxLength={16_000}
          aria-label={t('composer.field')}
          placeholder={staged.length > 0 || (editing && editing.type !== 'text') ? t('composer.caption') : t('composer.field')}
          enterKeyHint={touch() ? 'enter' : 'send'}
          value={text}
          onChange={(event) => {
            if (editing) return setEdited(event.target.value)
            setDraft(event.target.value)
            typing()
          }}
          onKeyDown={keys}
        />
        {ready
          ? <button type="submit" className={styles.send} aria-label={editing ? t('composer.save') : t('composer.send')}>{editing ? <Check size={22} /> : <ArrowUp size={22} />}</button>
          : !editing && <IconButton label={t('composer.voice')} onClick={() => setRecording(true)}><Mic size={21} /></IconButton>}
      </div>
    </form>
  )
}
