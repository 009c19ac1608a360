/// Files chosen for the next message, and how they become messages.

import { uuid } from '@/lib/uuid'

export interface StagedFile {
  id: string
  file: File
  /// Its own caption. A file that has one is a message of its own.
  caption: string
}

/// The most files of one message.
export const MOST_FILES = 10

/// Adds files. A name is missing where one is pasted; an empty file or a folder cannot be sent.
export function stage(staged: StagedFile[], files: File[]): StagedFile[] {
  const more = files.filter(({ size }) => size > 0).map((file) => ({ id: uuid(), file, caption: '' }))
  return more.length > 0 ? [...staged, ...more] : staged
}

export interface Bundle {
  files: File[]
  caption: string | null
}

/// The messages that the files become, in order: neighbours without a caption of their own go together. The common
/// caption stands with the first of these; where there are none, it is a message without files before the others.
export function bundles(staged: StagedFile[], common: string): Bundle[] {
  const all: (Bundle & { own: boolean })[] = []
  for (const { file, caption } of staged) {
    const own = staged.length > 1 && caption.trim() !== ''
    const last = all.at(-1)
    if (!own && last && !last.own && last.files.length < MOST_FILES) last.files.push(file)
    else all.push({ files: [file], caption: own ? caption.trim() : null, own })
  }
  if (common.trim()) {
    const shared = all.find(({ own }) => !own)
    if (shared) shared.caption = common.trim()
    else all.unshift({ files: [], caption: common.trim(), own: true })
  }
  return all.map(({ files, caption }) => ({ files, caption }))
}
