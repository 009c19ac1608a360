/// Keeps the server's pushes as this browser's choices are, and tells the service worker in which words it shows them.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef } from 'react'
import { syncPush } from '@/api/push'
import { useT } from '@/lib/i18n'
import { permission, type Permission, useNotifyChoices } from '@/lib/notify'

export function usePush(): void {
  const cache = useQueryClient()
  const t = useT()
  const { askedAt, desktop, preview, quietUntil, sound } = useNotifyChoices()
  // The browser takes a millisecond to tell the permission: it is read when it may have changed, not at each drawing.
  const allowed = useRef<Permission>(null)
  const syncAllowed = useEffectEvent(() => {
    if (allowed.current === permission()) return
    allowed.current = permission()
    void syncPush(cache)
  })
  useEffect(() => {
    allowed.current = permission()
    void syncPush(cache)
  }, [cache, desktop, preview, quietUntil, askedAt])
  // The settings of the browser may have changed it, in a window or a panel of their own.
  useEffect(() => {
    const back = () => syncAllowed()
    addEventListener('focus', back)
    return () => removeEventListener('focus', back)
  }, [])
  useEffect(() => {
    void navigator.serviceWorker?.ready.then(({ active }) => {
      active?.postMessage({ kind: 'notify', app: t('app.name'), text: t('notify.message'), sound })
    })
  }, [t, sound])
}
