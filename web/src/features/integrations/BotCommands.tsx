import { Plus, Trash2 } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { toast } from 'sonner'
import { explain } from '@/api/explain'
import type { BotCommand } from '@/api/types'
import { Button, IconButton } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import styles from './Integrations.module.css'
import { useSetCommands } from './server'

const MOST = 50

interface Line extends BotCommand {
  key: number
}

const numbered = (commands: BotCommand[]): Line[] => commands.map((command, key) => ({ ...command, key }))

/// The slash commands of a bot.
export function BotCommands({ bot, commands }: { bot: number; commands: BotCommand[] }) {
  const t = useT()
  const [lines, setLines] = useState(() => numbered(commands))
  const save = useSetCommands(bot)
  const change = (key: number, field: Partial<BotCommand>) => setLines(lines.map((line) => (line.key === key ? { ...line, ...field } : line)))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const wanted = lines.filter(({ name }) => name.trim()).map(({ name, description }) => ({ name: name.trim().replace(/^\//, ''), description: description ?? '' }))
    save.mutate(wanted, { onSuccess: () => toast.success(t('profile.saved')) })
  }
  const differs = JSON.stringify(lines.map(({ name, description }) => [name, description])) !== JSON.stringify(commands.map(({ name, description }) => [name, description]))
  return (
    <form className={styles.block} aria-label={t('bots.commands')} onSubmit={submit}>
      <h4>{t('bots.commands')}</h4>
      <p className={styles.note}>{t('bots.commands.hint')}</p>
      {lines.map(({ key, name, description }, at) => (
        <div key={key} className={styles.command} role="group" aria-label={t('bots.command', { number: at + 1 })}>
          <Field label={t('bots.command.name')} value={name} maxLength={33} autoCapitalize="off" spellCheck={false} placeholder={t('bots.command.example')} onChange={(event) => change(key, { name: event.target.value })} />
          <Field label={t('bots.command.about')} value={description ?? ''} maxLength={100} dir="auto" onChange={(event) => change(key, { description: event.target.value })} />
          <IconButton label={t('bots.command.remove', { number: at + 1 })} onClick={() => setLines(lines.filter((line) => line.key !== key))}><Trash2 size={18} /></IconButton>
        </div>
      ))}
      <Problem>{save.error ? t(explain(save.error)) : null}</Problem>
      <div className={styles.buttons}>
        {lines.length < MOST && (
          <Button onClick={() => setLines([...lines, { key: Math.max(-1, ...lines.map(({ key }) => key)) + 1, name: '', description: '' }])}><Plus size={18} />{t('bots.command.add')}</Button>
        )}
        {differs && <Button type="submit" look="main" busy={save.isPending}>{t('common.save')}</Button>}
      </div>
    </form>
  )
}
