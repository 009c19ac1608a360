import { useQueryClient } from '@tanstack/react-query'
import { Download, File, FileText } from 'lucide-react'
import { Suspense, useState } from 'react'
import { toast } from 'sonner'
import { useDragOut } from '@/api/dragOut'
import { bytes } from '@/api/http'
import { saveFile } from '@/api/save'
import type { Attachment } from '@/api/types'
import { useT } from '@/lib/i18n'
import { lazyComponent } from '@/lib/lazy'
import { size } from '@/lib/media'
import { previewOf } from '@/lib/preview'
import { shell } from '@/lib/shell'
import styles from './Media.module.css'

const TextPreview = lazyComponent(() => import('./TextPreview').then((file) => file.TextPreview))

const OPEN_MS = 60_000

/// The app's shell says in words why it could not save.
const failure = (error: unknown) => (typeof error === 'string' ? error : null)

/// A file: texts and PDF open here, anything is downloaded. One that is still uploading has no id.
export function FilePart({ file }: { file: Attachment | undefined }) {
  const t = useT()
  const cache = useQueryClient()
  const [reading, setReading] = useState(false)
  const drag = useDragOut(file)
  const id = file?.id
  const name = file?.filename ?? t('message.file')
  // The app has no tabs for a PDF.
  const readsPdf = !shell().desktop && navigator.pdfViewerEnabled !== false
  const preview = id && (previewOf(file) !== 'pdf' || readsPdf) ? previewOf(file) : null

  const download = async () => {
    if (id) await saveFile(cache, id, name).catch((error: unknown) => void toast.error(failure(error) ?? t('file.failed')))
  }

  /// In a tab of its own: the browser's viewer does not run in a sandbox, and this type alone makes it a viewer.
  const openPdf = async () => {
    // At once, as the answer to a press; a tab that opens later would be refused.
    const tab = open('about:blank')
    if (!tab) return download()
    tab.opener = null
    try {
      const url = URL.createObjectURL(new Blob([await bytes(cache, `/attachments/${id}`)], { type: 'application/pdf' }))
      setTimeout(() => URL.revokeObjectURL(url), OPEN_MS)
      tab.location.replace(url)
    } catch {
      tab.close()
      toast.error(t('file.failed'))
    }
  }
  const act = preview === 'text' ? async () => setReading(true) : preview === 'pdf' ? openPdf : download

  return (
    <span className={styles.row}>
      <button type="button" className={styles.file} disabled={!id} onClick={() => void act()} {...drag}>
        <span className={styles.icon}>{preview ? <FileText size={20} /> : id ? <Download size={20} /> : <File size={20} />}</span>
        <span className={styles.name}>
          <span className="visually-hidden">{preview ? t('file.open') : t('message.save')} </span>
          <b dir="auto">{name}</b>
          {file && <small>{size(file.size, t)}</small>}
        </span>
      </button>
      {preview && (
        <button type="button" tabIndex={-1} className={styles.save} aria-label={t('message.download', { name })} title={t('message.save')} onClick={() => void download()}>
          <Download size={18} />
        </button>
      )}
      <Suspense>{reading && <TextPreview file={file!} onClose={() => setReading(false)} />}</Suspense>
    </span>
  )
}
