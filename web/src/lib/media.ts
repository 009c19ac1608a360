/// Facts about files and images.

import type { T } from './i18n'

export type Kind = 'image' | 'video' | 'file'

/// What browsers can show inline; everything else is a file.
export function kindOf(type: string): Kind {
  if (/^image\/(png|jpeg|gif|webp|avif)$/.test(type)) return 'image'
  if (/^video\/(mp4|webm|ogg|quicktime)$/.test(type)) return 'video'
  return 'file'
}

/// Width and height of an image, so that its space is reserved before it is loaded.
export async function measure(blob: Blob): Promise<{ width: number; height: number } | null> {
  try {
    const picture = await createImageBitmap(blob)
    const size = { width: picture.width, height: picture.height }
    picture.close()
    return size
  } catch {
    return null
  }
}

/// Width, height and length of a video.
export function measureVideo(blob: Blob): Promise<{ width: number; height: number; duration_ms: number } | null> {
  return new Promise((resolve) => {
    const video = document.createElement('video')
    const url = URL.createObjectURL(blob)
    const done = (size: { width: number; height: number; duration_ms: number } | null) => {
      clearTimeout(timeout)
      video.removeAttribute('src')
      URL.revokeObjectURL(url)
      resolve(size)
    }
    const timeout = setTimeout(() => done(null), 3_000)
    video.preload = 'metadata'
    video.onerror = () => done(null)
    video.onloadedmetadata = () => done(video.videoWidth > 0
      ? { width: video.videoWidth, height: video.videoHeight, duration_ms: Number.isFinite(video.duration) ? Math.round(video.duration * 1000) : 0 }
      : null)
    video.src = url
  })
}

/// The displayed size of an image: within the limits, never enlarged.
export function fit(width: number, height: number, max: { width: number; height: number }) {
  const scale = Math.min(1, max.width / width, max.height / height)
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

/// 1536000 as 1,5 МБ.
export function size(bytes: number, t: T): string {
  const step = Math.min(3, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)))
  if (step === 0) return t('format.bytes', { count: bytes })
  const value = String(Math.round((bytes / 1000 ** step) * 10) / 10).replace('.', t('format.decimal'))
  return t((['format.kilobytes', 'format.megabytes', 'format.gigabytes'] as const)[step - 1]!, { value })
}

export function initials(name: string): string {
  // Quotation marks and brackets are not letters of a name.
  const words = name.split(/[^\p{L}\p{N}\p{M}\p{Emoji_Presentation}'’-]+/u).filter((word) => /[\p{L}\p{N}\p{Emoji_Presentation}]/u.test(word))
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return letters.map((word) => [...(word ?? '')][0] ?? '').join('').toLocaleUpperCase()
}

/// One of eight colours, always the same for the same id.
export function hue(id: number): number {
  let hash = 7
  for (const digit of String(id)) hash = (hash * 31 + digit.charCodeAt(0)) | 0
  return Math.abs(hash >> 3) % 8
}
