import { useState, type FormEvent } from 'react'
import { useJoinByCode } from '@/api/actions'
import { explain } from '@/api/explain'
import { ApiError } from '@/api/http'
import { Button } from '@/components/Button'
import { Field } from '@/components/Field'
import { Problem } from '@/components/Problem'
import { useT } from '@/lib/i18n'
import styles from './NewChat.module.css'

/// Joins a group whose code somebody told the user.
export function JoinByCode({ onJoined }: { onJoined: (chat: { id: number }) => void }) {
  const t = useT()
  const [code, setCode] = useState('')
  const join = useJoinByCode()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    join.mutate(code.replace(/\s/g, '').toUpperCase(), { onSuccess: onJoined })
  }
  const isUnknown = join.error instanceof ApiError && join.error.status === 404
  return (
    <form className={styles.code} onSubmit={submit}>
      <Field label={t('invites.code')} hint={t('invites.by_code.hint')} data-first required value={code} maxLength={20} autoCapitalize="characters" autoComplete="off" spellCheck={false} onChange={(event) => setCode(event.target.value)} />
      <Problem>{isUnknown ? t('problem.wrong_code') : join.isError ? t(explain(join.error)) : null}</Problem>
      <Button type="submit" look="main" busy={join.isPending} disabled={!code.trim()}>{t('invites.join')}</Button>
    </form>
  )
}
