import { useQueryClient } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useRef, useState, type FormEvent } from 'react'
import { send } from '@/api/outbox'
import { Button, IconButton } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Field } from '@/components/Field'
import { Switch } from '@/components/Switch'
import { useT } from '@/lib/i18n'
import styles from './PollMaker.module.css'

const FEWEST = 2
const MOST = 10

/// Asks a question with several answers.
export function PollMaker({ chat, thread, onClose }: { chat: number; thread?: number | null; onClose: () => void }) {
  const t = useT()
  const [question, setQuestion] = useState('')
  const [options, setOptions] = useState(['', ''])
  const [multiple, setMultiple] = useState(false)
  const [anonymous, setAnonymous] = useState(false)
  const cache = useQueryClient()
  const list = useRef<HTMLOListElement>(null)
  const given = options.map((option) => option.trim()).filter(Boolean)
  const distinct = new Set(given).size === given.length
  const ready = question.trim() !== '' && given.length >= FEWEST && distinct

  const add = () => {
    setOptions([...options, ''])
    requestAnimationFrame(() => list.current?.querySelector<HTMLInputElement>('li:last-child input')?.focus())
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!ready) return
    send(cache, { chat_id: chat, type: 'poll', content: question.trim(), payload: { options: given, multiple, anonymous }, thread_id: thread })
    onClose()
  }
  return (
    <Dialog title={t('poll.new')} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        <Field label={t('poll.question')} data-first value={question} required maxLength={500} onChange={(event) => setQuestion(event.target.value)} />
        <ol ref={list} className={styles.options} aria-label={t('poll.options')}>
          {options.map((option, index) => (
            <li key={index}>
              <input
                aria-label={t('poll.option', { number: index + 1 })}
                placeholder={t('poll.option', { number: index + 1 })}
                value={option}
                maxLength={200}
                onChange={(event) => setOptions(options.map((one, at) => (at === index ? event.target.value : one)))}
              />
              {options.length > FEWEST && (
                <IconButton label={t('poll.remove_option', { number: index + 1 })} onClick={() => setOptions(options.filter((_, at) => at !== index))}><X size={17} /></IconButton>
              )}
            </li>
          ))}
        </ol>
        {options.length < MOST && <Button onClick={add}><Plus size={17} />{t('poll.add_option')}</Button>}
        {!distinct && <p role="alert">{t('poll.twice')}</p>}
        <Switch label={t('poll.multiple')} checked={multiple} onChange={setMultiple} />
        <Switch label={t('poll.anonymous')} checked={anonymous} onChange={setAnonymous} />
        <Button type="submit" look="main" disabled={!ready}>{t('poll.create')}</Button>
      </form>
    </Dialog>
  )
}
