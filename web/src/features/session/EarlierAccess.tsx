import { useMutation } from '@tanstack/react-query'
import { toast } from 'sonner'
import type { Session } from '@/api/session'
import { Confirm } from '@/components/Confirm'
import { useT } from '@/lib/i18n'

/// After the first code that was entered for an address: whether to end what had access to the account before.
export function EarlierAccess({ session }: { session: Session }) {
  const t = useT()
  const end = useMutation({ mutationFn: () => session.endEarlierAccess(), onSuccess: () => toast.success(t('session.earlier.done')) })
  return (
    <Confirm
      title={t('session.earlier')}
      action={t('session.earlier.end')}
      refusal={t('session.earlier.keep')}
      busy={end.isPending}
      onConfirm={() => end.mutate()}
      onClose={() => session.keepEarlierAccess()}
    >
      <p>{t('session.earlier.hint')}</p>
    </Confirm>
  )
}
