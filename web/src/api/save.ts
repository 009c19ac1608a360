/// Saves a file of the server on this device.

import type { QueryClient } from '@tanstack/react-query'
import { shell } from '@/lib/shell'
import { linkQuery } from './queries'

export async function saveFile(cache: QueryClient, id: string, name: string): Promise<void> {
  const { url } = await cache.fetchQuery(linkQuery(id))
  if (!url) return
  const { desktop } = shell()
  if (desktop) return void await desktop.save(name, url)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}

/// Saves bytes that were fetched with the token.
export function saveBlob(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser has read the address by the next task.
  setTimeout(() => URL.revokeObjectURL(link.href))
}
