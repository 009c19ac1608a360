/// Dragging a file of the server out of the page: into a folder, a mail program or any other program.
///
/// Chromium downloads a file where it is dropped, by a link that the drag carries; other browsers hand the link over.
/// In the app nothing is dragged yet: its webviews do neither.

import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import type { DragEvent, PointerEvent } from 'react'
import { shell } from '@/lib/shell'
import { LINK_MS, linkQuery } from './queries'
import type { Attachment } from './types'

/// Marks what was dragged from a page of this client.
const OWN = 'application/x-besedka-attachment'

/// Whether what is dragged over the page came from it: that is not uploaded a second time.
export const isOwnDrag = ({ types }: DataTransfer): boolean => types.includes(OWN)

/// What makes an element one by which the file can be dragged. Nothing is fetched before that but its link, which has to
/// be there at once when a drag begins.
export function useDragOut(file: Attachment | undefined) {
  const cache = useQueryClient()
  // One that is still uploading has no id.
  if (!file?.id) return {}
  return {
    onPointerEnter: ({ pointerType }: PointerEvent) => {
      if (pointerType !== 'touch' && !shell().desktop) void cache.prefetchQuery(linkQuery(file.id))
    },
    onPointerDown: ({ pointerType, currentTarget }: PointerEvent<HTMLElement>) => {
      // By touch a long press opens the menu of the message.
      currentTarget.draggable = pointerType !== 'touch'
    },
    onDragStart: (event: DragEvent) => {
      if (shell().desktop || !carryLink(cache, file, event.dataTransfer)) event.preventDefault()
    },
  }
}

function carryLink(cache: QueryClient, file: Attachment, data: DataTransfer): boolean {
  const known = cache.getQueryState<Attachment>(linkQuery(file.id).queryKey)
  if (!known?.data?.url || Date.now() - known.dataUpdatedAt > LINK_MS) return false
  const url = new URL(known.data.url, location.href).href
  // What the browser itself would drag: a link to a copy in this page.
  data.clearData()
  data.effectAllowed = 'copy'
  data.setData('DownloadURL', `${file.content_type.split(';')[0]}:${plainName(file.filename)}:${url}`)
  data.setData('text/uri-list', url)
  data.setData(OWN, file.id)
  return true
}

/// Colons separate the name from what is around it.
const plainName = (name: string) => [...name].map((letter) => (letter < ' ' || ':/\\'.includes(letter) ? '_' : letter)).join('')
