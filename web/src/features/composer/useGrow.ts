import { useLayoutEffect, useRef } from 'react'

/// Grows a textarea with its text in browsers without field-sizing.
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
