/// The files that wait for the next message of a chat or a thread.

import { useCallback, useState } from 'react'
import { toast } from 'sonner'
import { useT } from '@/lib/i18n'
import { stage, type StagedFile } from './bundles'

export function useStaged() {
  const t = useT()
  const [staged, setStaged] = useState<StagedFile[]>([])
  const addFiles = useCallback((files: File[]) => {
    const empty = files.find(({ size }) => size === 0)
    if (empty) toast.error(t('composer.empty_file', { name: empty.name }))
    setStaged((before) => stage(before, files))
  }, [t])
  return { staged, setStaged, addFiles }
}
