import { useQueryClient } from '@tanstack/react-query'
import { Download, File } from 'lucide-react'
import { linkQuery } from '@/api/queries'
import type { Attachment } from '@/api/types'
import { useT } from '@/lib/i18n'
import { size } from '@/lib/media'
import styles from './Media.module.css'

/// A downloadable file; one that is still uploading has no id.
export function FilePart({ file }: { file: Attachment | undefined }) {
  const t = useT()
  const cache = useQueryClient()
  const id = file?.id
  const name = file?.filename ?? t('message.file')

  const download = async () => {
    if (!id) return
    const { url } = await cache.fetchQuery(linkQuery(id))
    if (!url) return
    const link = document.createElement('a')
    link.href = url
    link.download = name
    link.click()
  }

  return (
    <button type="button" className={styles.file} disabled={!id} onClick={() => void download()}>
      <span className={styles.icon}>{id ? <Download size={20} /> : <File size={20} />}</span>
      <span className={styles.name}>
        <span className="visually-hidden">{t('message.save')} </span>
        <b dir="auto">{name}</b>
        {file && <small>{size(file.size, t)}</small>}
      </span>
    </button>
  )
}
