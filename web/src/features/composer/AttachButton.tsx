import { ChartBarBig, File, Lightbulb, Paperclip, Sparkles } from 'lucide-react'
import { useRef, useState } from 'react'
import { IconButton } from '@/components/Button'
import { Menu, MenuItem, type Point } from '@/components/Menu'
import { useT } from '@/lib/i18n'

interface Props {
  onFiles: (files: File[]) => void
  onPoll: () => void
  /// Where there is an assistant: a question to it, and replies that it suggests.
  onAsk?: () => void
  onSuggest?: () => void
}

/// Adds files or a poll, or lets the assistant write.
export function AttachButton({ onFiles, onPoll, onAsk, onSuggest }: Props) {
  const t = useT()
  const picker = useRef<HTMLInputElement>(null)
  const [at, setAt] = useState<Point | null>(null)
  return (
    <>
      <IconButton
        label={t('composer.attach')}
        aria-haspopup="menu"
        onClick={(event) => {
          const { left, top } = event.currentTarget.getBoundingClientRect()
          setAt({ x: left, y: top - 8 })
        }}
      >
        <Paperclip size={21} />
      </IconButton>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={t('composer.attach')}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])])
          event.target.value = ''
        }}
      />
      {at && (
        <Menu label={t('composer.attach')} at={at} onClose={() => setAt(null)}>
          <MenuItem icon={<File size={18} />} onSelect={() => { setAt(null); picker.current?.click() }}>{t('composer.file')}</MenuItem>
          <MenuItem icon={<ChartBarBig size={18} />} onSelect={() => { setAt(null); onPoll() }}>{t('composer.poll')}</MenuItem>
          {onAsk && <MenuItem icon={<Sparkles size={18} />} onSelect={() => { setAt(null); onAsk() }}>{t('assistant.ask')}</MenuItem>}
          {onSuggest && <MenuItem icon={<Lightbulb size={18} />} onSelect={() => { setAt(null); onSuggest() }}>{t('assistant.suggest')}</MenuItem>}
        </Menu>
      )}
    </>
  )
}
