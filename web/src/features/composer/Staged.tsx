import { X } from 'lucide-react'
import { useEffect, useMemo } from 'react'
import { useT } from '@/lib/i18n'
import { kindOf, size } from '@/lib/media'
import styles from './Composer.module.css'

/// Files attached to the next message.
export function Staged({ files, onChange }: { files: File[]; onChange: (files: File[]) => void }) {
  const t = useT()
  return (
    <ul className={styles.staged} aria-label={t('composer.staged')}>
      {files.map((file, index) => (
        <One key={`${file.name}-${index}`} file={file} onRemove={() => onChange(files.filter((one) => one !== file))} />
      ))}
    </ul>
  )
}

function One({ file, onRemove }: { file: File; onRemove: () => void }) {
  const t = useT()
  const url = useMemo(() => (kindOf(file.type) === 'image' ? URL.createObjectURL(file) : null), [file])
  useEffect(() => () => { if (url) URL.revokeObjectURL(url) }, [url])
  return (
    <li>
      {url ? <img src={url} alt={file.name} /> : <><b title={file.name}>{file.name}</b><small>{size(file.size, t)}</small></>}
      <button type="button" aria-label={t('composer.unstage', { name: file.name })} onClick={onRemove}><X size={15} /></button>
    </li>
  )
}
