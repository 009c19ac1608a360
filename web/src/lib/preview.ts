/// Which files can be looked at without downloading them, and how the bytes of a text are read.

const TEXT_TYPES = /^(text\/(?!html)[\w.+-]+|application\/(json|xml|yaml|x-yaml|toml|x-sh|javascript|sql|x-ndjson))(;|$)/i
const TEXT_NAMES = /\.(txt|md|markdown|log|csv|tsv|json|ya?ml|toml|ini|conf|xml|sql|sh|js|ts|tsx|jsx|css|py|rs|go|java|kt|c|h|cpp|rb|php|diff|patch|srt|vtt)$/i

export type Preview = 'pdf' | 'text' | null

export function previewOf({ filename, content_type }: { filename: string; content_type: string }): Preview {
  if (/^application\/pdf(;|$)/i.test(content_type)) return 'pdf'
  if (TEXT_TYPES.test(content_type)) return 'text'
  return /^(application\/octet-stream|text\/)/i.test(content_type) && TEXT_NAMES.test(filename) ? 'text' : null
}

/// The text of a file's beginning: UTF-8, UTF-16 where it says so, else the encoding of old Russian files.
export function decode(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    // As a stream: the last letter may be cut.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
  } catch {
    return new TextDecoder('windows-1251').decode(bytes)
  }
}
