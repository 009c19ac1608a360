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

/// Saves what is at an address of the server's that needs no token and answers with a file's name.
export async function saveAddress(url: string, name: string): Promise<void> {
  const { desktop } = shell()
  if (desktop) await desktop.save(name, url)
  else location.assign(url)
}

/// Saves text that was fetched with the token.
export async function saveText(file: Blob, name: string): Promise<void> {
  const { desktop } = shell()
  if (desktop) return void await desktop.saveText(name, await file.text())
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser has read the address by the next task.
  setTimeout(() => URL.revokeObjectURL(link.href))
}
