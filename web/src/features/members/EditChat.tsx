import { useRef, useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import type { Chat } from '@/api/types'
import { Avatar } from '@/components/Avatar'
import { Button } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Field } from '@/components/Field'
import { Switch } from '@/components/Switch'
import { useT } from '@/lib/i18n'
import styles from './ChatInfo.module.css'
import { LifeSelect } from './LifeSelect'
import { useChangeChat, useSetAvatar } from './server'

/// A group's name, description and rules, for its owner and admins.
export function EditChat({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const t = useT()
  const [title, setTitle] = useState(chat.title)
  const [description, setDescription] = useState(chat.description ?? '')
  const [readOnly, setReadOnly] = useState(chat.read_only)
  const [assistant, setAssistant] = useState(chat.assistant)
  const [life, setLife] = useState(chat.message_life ?? 0)
  const picker = useRef<HTMLInputElement>(null)
  const change = useChangeChat(chat.id)
  const avatar = useSetAvatar(chat.id)
  const save = (event: FormEvent) => {
    event.preventDefault()
    const form = {
      ...(title.trim() !== chat.title && { title: title.trim() }),
      ...(description.trim() !== (chat.description ?? '') && { description: description.trim() }),
      ...(readOnly !== chat.read_only && { read_only: readOnly }),
      ...(assistant !== chat.assistant && { assistant }),
      ...(life !== (chat.message_life ?? 0) && { message_life: life || null }),
    }
    if (Object.keys(form).length === 0) return onClose()
    change.mutate(form, { onSuccess: () => { toast.success(t('profile.saved')); onClose() } })
  }
  return (
    <Dialog title={t('members.edit')} onClose={onClose}>
      <form className={styles.body} onSubmit={save}>
        <div className={styles.head}>
          <Avatar id={chat.id} name={chat.title} url={chat.avatar_url} size="large" group />
          <div className={styles.photo}>
            <Button busy={avatar.isPending} onClick={() => picker.current?.click()}>{t('members.set_photo')}</Button>
            {chat.avatar_url && <Button onClick={() => avatar.mutate(null)}>{t('members.remove_photo')}</Button>}
          </div>
          <input
            ref={picker}
            type="file"
            accept="image/*"
            hidden
            aria-label={t('members.set_photo')}
            onChange={(event) => {
              const file = event.target.files?.[0]
              if (file) avatar.mutate(file)
              event.target.value = ''
            }}
          />
        </div>
        <Field label={t('chats.group_title')} value={title} required maxLength={100} onChange={(event) => setTitle(event.target.value)} />
        <label className={styles.area}>
          {t('members.description')}
          <textarea value={description} rows={3} maxLength={1000} dir="auto" onChange={(event) => setDescription(event.target.value)} />
        </label>
        <Switch label={t('members.read_only')} checked={readOnly} onChange={setReadOnly} />
        <Switch label={t('members.assistant')} checked={assistant} onChange={setAssistant} />
        <LifeSelect value={life} onChange={setLife} />
        <Button type="submit" look="main" busy={change.isPending} disabled={!title.trim()}>{t('common.save')}</Button>
      </form>
    </Dialog>
  )
}
