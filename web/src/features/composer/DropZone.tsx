import { Upload } from 'lucide-react'
import { useState, type ClipboardEvent, type DragEvent, type ReactNode } from 'react'
import { isOwnDrag } from '@/api/dragOut'
import { useT } from '@/lib/i18n'
import styles from './DropZone.module.css'

interface Props {
  onFiles: (files: File[]) => void
  children: ReactNode
}

const carriesFiles = ({ dataTransfer }: DragEvent) => dataTransfer.types.includes('Files') && !isOwnDrag(dataTransfer)

/// A file of a message is not uploaded again, and its link not written into the field.
function refuseOwn(event: DragEvent): void {
  if (!isOwnDrag(event.dataTransfer)) return
  event.preventDefault()
  event.dataTransfer.dropEffect = 'none'
}

/// Whether what is pasted is a text that brings a picture of itself, as cells of a spreadsheet do. A picture of a page
/// brings HTML too, but only itself in it; a file manager names its files in plain text alone.
function isText(clipboard: DataTransfer): boolean {
  const { types, files } = clipboard
  if (!types.includes('text/plain') || !types.includes('text/html')) return false
  if (![...files].every(({ type }) => type.startsWith('image/'))) return false
  return new DOMParser().parseFromString(clipboard.getData('text/html'), 'text/html').body.textContent.trim() !== ''
}

/// Accepts files dropped or pasted anywhere in the chat.
export function DropZone({ onFiles, children }: Props) {
  const t = useT()
  const [over, setOver] = useState(false)
  const paste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files]
    if (files.length === 0 || isText(event.clipboardData)) return
    event.preventDefault()
    onFiles(files)
  }
  return (
    <div
      className={styles.zone}
      onPaste={paste}
      onDragEnter={(event) => { if (carriesFiles(event)) setOver(true) }}
      onDragOver={(event) => {
        if (carriesFiles(event)) event.preventDefault()
        refuseOwn(event)
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={(event) => {
        setOver(false)
        refuseOwn(event)
        if (!carriesFiles(event)) return
        event.preventDefault()
        onFiles([...event.dataTransfer.files])
      }}
    >
      {children}
      {over && <div className={styles.veil}><Upload size={36} />{t('composer.drop')}</div>}
    </div>
  )
}
