import { File as FileIcon, Film, X } from 'lucide-react'
import { useRef } from 'react'
import { useT } from '@/lib/i18n'
import { kindOf, size } from '@/lib/media'
import { useObjectUrl } from '@/lib/useObjectUrl'
import { bundles, type StagedFile } from './bundles'
import styles from './Staged.module.css'

interface Props {
  files: StagedFile[]
  onChange: (files: StagedFile[]) => void
}

/// Files attached to the next message: each with its preview, size and, of several, a caption of its own.
export function Staged({ files, onChange }: Props) {
  const t = useT()
  const list = useRef<HTMLUListElement>(null)
  const several = files.length > 1
  const messages = bundles(files, '').length
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const remove = (index: number) => {
    // The focus stays among the files, or goes back to the field.
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])]
    const next = buttons[index + 1] ?? buttons[index - 1] ?? list.current?.closest('form')?.querySelector('textarea')
    next?.focus()
    onChange(files.filter((_, at) => at !== index))
  }
  return (
    <div className={styles.tray}>
      {several && (
        <p className={styles.head}>
          <span role="status">
            {t('composer.staged_count', { count: files.length })} · {size(total, t)}
            {messages > 1 && ` · ${t('composer.staged_messages', { count: messages })}`}
          </span>
          <button type="button" onClick={() => onChange([])}>{t('composer.unstage_all')}</button>
        </p>
      )}
      <ul ref={list} aria-label={t('composer.staged')}>
        {files.map(({ id, file, caption }, index) => (
          <li key={id}>
            <Preview file={file} />
            <span className={styles.about}>
              <b dir="auto" title={file.name}>{file.name}</b>
              <small>{size(file.size, t)}</small>
              {several && (
                <input
                  dir="auto"
                  value={caption}
                  aria-label={t('composer.own_caption_of', { name: file.name })}
                  placeholder={t('composer.own_caption')}
                  onChange={(event) => onChange(files.map((one) => (one.id === id ? { ...one, caption: event.target.value } : one)))}
                />
              )}
            </span>
            <button type="button" aria-label={t('composer.unstage', { name: file.name })} title={t('composer.unstage', { name: file.name })} onClick={() => remove(index)}><X size={16} /></button>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Preview({ file }: { file: File }) {
  const kind = kindOf(file.type)
  const url = useObjectUrl(kind === 'file' ? null : file)
  return (
    <span className={styles.preview} aria-hidden="true">
      {kind === 'image' && url && <img src={url} alt="" />}
      {kind === 'video' && url && <video src={url} muted playsInline preload="metadata" tabIndex={-1} />}
      {kind === 'video' ? <Film size={18} /> : kind === 'file' && <FileIcon size={22} />}
    </span>
  )
}
