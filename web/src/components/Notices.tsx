import { useLayoutEffect, useRef } from 'react'
import { Toaster, useSonner, type ToasterProps } from 'sonner'
import styles from './Notices.module.css'

/// What happened, said for a moment. In the browser's top layer, since a dialog that is open there would cover it.
export function Notices(props: ToasterProps) {
  const ref = useRef<HTMLDivElement>(null)
  const newest = useSonner().toasts[0]?.id
  useLayoutEffect(() => {
    const layer = ref.current
    if (!layer?.showPopover) return
    // What is shown last is topmost. It is never left hidden: a screen reader has to know the region before it speaks.
    if (layer.matches(':popover-open')) layer.hidePopover()
    layer.showPopover()
  }, [newest])
  return <div ref={ref} popover="manual" data-notices className={styles.layer}><Toaster position="top-center" closeButton {...props} /></div>
}
