/// Uploads one file: requests a form, posts it with progress, returns the attachment's id.

import type { QueryClient } from '@tanstack/react-query'
import { absolute, ApiError, OfflineError, request, UNREACHED } from './http'
import type { UploadForm } from './types'

export interface UploadPorts {
  signal: AbortSignal
  onProgress: (share: number) => void
}

export async function upload(cache: QueryClient, file: Blob, filename: string, type: string, ports: UploadPorts): Promise<string> {
  const form = await request<UploadForm>(cache, 'POST', '/attachments', {
    body: { filename, content_type: type, size: file.size },
    signal: ports.signal,
  })
  const parts = new FormData()
  for (const [name, value] of Object.entries(form.fields)) {
    if (value != null) parts.append(name, value)
  }
  parts.append('file', file, filename)
  await post(absolute(cache, form.url), parts, ports)
  return form.attachment_id
}

/// XMLHttpRequest, because fetch does not report upload progress.
function post(url: string, parts: FormData, { signal, onProgress }: UploadPorts): Promise<void> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const abort = () => xhr.abort()
    if (signal.aborted) return reject(new DOMException('cancelled', 'AbortError'))
    signal.addEventListener('abort', abort, { once: true })
    xhr.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      if (lengthComputable) onProgress(loaded / total)
    }
    xhr.onload = () => (xhr.status >= 200 && xhr.status < 300 ? resolve() : reject(xhr.getResponseHeader(UNREACHED) ? new OfflineError() : refusal(xhr)))
    xhr.onerror = () => reject(new OfflineError())
    xhr.onabort = () => reject(new DOMException('cancelled', 'AbortError'))
    xhr.onloadend = () => signal.removeEventListener('abort', abort)
    xhr.open('POST', url)
    xhr.send(parts)
  })
}

function refusal(xhr: XMLHttpRequest): ApiError {
  let said: { detail?: string; code?: string } = {}
  try {
    said = JSON.parse(xhr.responseText) as typeof said
  } catch {
    // A bucket answers in XML; the status says enough.
  }
  return new ApiError(xhr.status, said.code ?? `http_${xhr.status}`, said.detail ?? xhr.statusText)
}
