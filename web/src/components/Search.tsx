import { Search as SearchIcon } from 'lucide-react'
import type { InputHTMLAttributes, Ref } from 'react'
import styles from './Search.module.css'

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string
  /// Where a dialog puts the focus.
  'data-first'?: boolean
  ref?: Ref<HTMLInputElement>
}

export function Search({ label, ...rest }: Props) {
  return (
    <div className={styles.search}>
      <SearchIcon size={18} aria-hidden="true" />
      <input type="search" aria-label={label} placeholder={label} autoComplete="off" spellCheck={false} {...rest} />
    </div>
  )
}
