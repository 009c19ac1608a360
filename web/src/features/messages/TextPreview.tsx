import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { bytes } from '@/api/http'
import { keys } from '@/api/keys'
import type { Attachment } from '@/api/types'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Empty } from '@/components/Empty'
import { useT } from '@/lib/i18n'
import { size } from '@/lib/media'
import { decode } from '@/lib/preview'
import styles from './Media.module.css'

const MOST = 65_536

/// The beginning of a text file.
export function TextPreview({ file, onClose }: { file: Attachment; onClose: () => void }) {
  const t = useT()
  const { data, isError, refetch } = useQuery({
    queryKey: keys.text(file.id),
    queryFn: async ({ signal, client }) => {
      if (file.size === 0) return ''
      const start = await bytes(client, `/attachments/${file.id}`, signal, { Range: `bytes=0-${MOST - 1}` })
      return decode(new Uint8Array(await start.slice(0, MOST).arrayBuffer()))
    },
    staleTime: Infinity,
    gcTime: 60_000,
  })
  return (
    <Dialog title={file.filename} onClose={onClose} wide>
      <div className={styles.reader} tabIndex={0} role="region" aria-label={file.filename}>
        {isError && <Empty icon={<TriangleAlert size={30} />} title={t('file.failed')}><Button onClick={() => void refetch()}>{t('common.retry')}</Button></Empty>}
        {data === undefined && !isError && <p className={styles.waiting} role="status"><Spinner /><span className="visually-hidden">{t('common.loading')}</span></p>}
        {data !== undefined && file.size > MOST && <p className={styles.cut}>{t('file.beginning', { size: size(file.size, t) })}</p>}
        {data !== undefined && <pre className={styles.text} dir="auto">{data}</pre>}
      </div>
    </Dialog>
  )
}
