import { useEffect, useMemo } from 'react'

/// A blob: URL for a local file.
export function useObjectUrl(blob: Blob | null): string | undefined {
  const url = useMemo(() => (blob ? URL.createObjectURL(blob) : undefined), [blob])
  useEffect(() => () => {
    // Later, so that the server's copy can be shown first.
    if (url) setTimeout(() => URL.revokeObjectURL(url), 5_000)
  }, [url])
  return url
}
