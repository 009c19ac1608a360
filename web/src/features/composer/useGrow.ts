import { useLayoutEffect, useRef } from 'react'

/// A field that grows with its text, also where the browser does not do it by itself.
export function useGrow(text: string) {
  const field = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    const area = field.current
    if (!area || CSS.supports('field-sizing', 'content')) return
    area.style.height = 'auto'
    area.style.height = `${area.scrollHeight}px`
  }, [text])
  return field
}
