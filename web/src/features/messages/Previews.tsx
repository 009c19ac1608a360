import type { Preview } from '@/api/types'
import styles from './Previews.module.css'

/// What the pages that a message links to say of themselves. Nothing is loaded from them.
export function Previews({ previews }: { previews: Preview[] }) {
  return previews.filter(({ url }) => /^https?:\/\//i.test(url)).map((preview) => (
    <a key={preview.url} className={styles.preview} href={preview.url} target="_blank" rel="noopener noreferrer" dir="auto">
      <small>{preview.site_name ?? host(preview.url)}</small>
      <b>{preview.title}</b>
      {preview.description && <span>{preview.description}</span>}
    </a>
  ))
}

function host(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}
