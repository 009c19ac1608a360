import { Download, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useT } from '@/lib/i18n'
import styles from './Media.module.css'

export function Lightbox({ url, name, onClose }: { url: string; name: string; onClose: () => void }) {
  const t = useT()
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (!ref.current?.open) ref.current?.showModal()
  }, [])
  return (
    <dialog ref={ref} className={styles.light} aria-label={name} onClose={onClose} onClick={() => ref.current?.close()}>
      <img src={url} alt={name} />
      <nav>
        <a href={url} download={name} aria-label={t('message.download', { name })} onClick={(event) => event.stopPropagation()}><Download size={20} /></a>
        <button type="button" aria-label={t('common.close')}><X size={22} /></button>
      </nav>
    </dialog>
  )
}
