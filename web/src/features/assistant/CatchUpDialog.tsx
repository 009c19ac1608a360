import { explain } from '@/api/explain'
import { Button, Spinner } from '@/components/Button'
import { Dialog } from '@/components/Dialog'
import { Problem } from '@/components/Problem'
import { RichText } from '@/components/RichText'
import { useT } from '@/lib/i18n'
import styles from './Assistant.module.css'
import { useCatchUp } from './server'

/// What was written in a chat since the user last read it, in a few sentences.
export function CatchUpDialog({ chat, onClose }: { chat: number; onClose: () => void }) {
  const t = useT()
  const { data, error, isPending, isFetching, refetch } = useCatchUp(chat)
  return (
    <Dialog title={t('assistant.catch_up')} onClose={onClose}>
      <div className={styles.body}>
        <div role="status" className={isPending ? styles.loading : undefined}>
          {isPending && <><Spinner />{t('assistant.reading')}</>}
          {data && (data.summary ? <div className={styles.summary} dir="auto"><RichText text={data.summary} /></div> : t('assistant.all_read'))}
        </div>
        {data?.partial && <p className={styles.note}>{t('assistant.partial')}</p>}
        {data?.summary && <p className={styles.note} title={data.model}>{t('message.ai.sent', { count: data.sent_messages, host: data.sent_to })}</p>}
        <Problem>{error ? t(explain(error)) : null}</Problem>
        {error && <Button busy={isFetching} onClick={() => void refetch()}>{t('common.retry')}</Button>}
      </div>
    </Dialog>
  )
}
