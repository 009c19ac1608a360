/// Keeps the server's pushes as this browser's choices are, and tells the service worker in which words it shows them.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { syncPush } from '@/api/push'
import { useT } from '@/lib/i18n'
import { permission, useNotifyChoices } from '@/lib/notify'

export function usePush(): void {
  const cache = useQueryClient()
  const t = useT()
  const { desktop, preview, quietUntil, sound } = useNotifyChoices()
  const allowed = permission()
  useEffect(() => void syncPush(cache), [cache, desktop, preview, quietUntil, allowed])
  useEffect(() => {
    void navigator.serviceWorker?.ready.then(({ active }) => {
      active?.postMessage({ kind: 'notify', app: t('app.name'), text: t('notify.message'), sound })
    })
  }, [t, sound])
}
