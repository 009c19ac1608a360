/// The draft of a chat, kept until the tab is closed.

import { useState } from 'react'

const name = (chat: number) => `besedka.draft.${chat}`

function read(chat: number): string {
  try {
    return sessionStorage.getItem(name(chat)) ?? ''
  } catch {
    return ''
  }
}

export function useDraft(chat: number): [string, (text: string) => void] {
  const [text, setText] = useState(() => read(chat))
  return [text, (next) => {
    setText(next)
    try {
      if (next) sessionStorage.setItem(name(chat), next)
      else sessionStorage.removeItem(name(chat))
    } catch {
      // The draft lives as long as the field.
    }
  }]
}
