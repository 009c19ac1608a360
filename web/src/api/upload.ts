/// Uploads one file: requests a form, posts it with progress, returns the attachment's id.

import type { QueryClient } from '@tanstack/react-query'
import { shell } from '@/lib/shell'
import { uuid } from '@/lib/uuid'
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

/// A form as bytes (RFC 7578): the webviews of the app hand a request's bytes to the shell, but no files of a form.
export async function formBytes(form: FormData): Promise<{ type: string; bytes: ArrayBuffer }> {
  const boundary = `besedka-${uuid()}`
  const quoted = (text: string) => text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
  const parts: BlobPart[] = []
  for (const [name, value] of form) {
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`)
    if (typeof value === 'string') parts.push(`\r\n\r\n${value}`)
    else parts.push(`; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`, value)
    parts.push('\r\n')
  }
  parts.push(`--${boundary}--\r\n`)
  return { type: `multipart/form-data; boundary=${boundary}`, bytes: await new Blob(parts).arrayBuffer() }
}

/// XMLHttpRequest, because fetch does not report upload progress.
async function post(url: string, form: FormData, { signal, onProgress }: UploadPorts): Promise<void> {
  const whole = shell().desktop ? await formBytes(form) : null
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
    if (whole) xhr.setRequestHeader('Content-Type', whole.type)
    xhr.send(whole?.bytes ?? form)
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
