/// Copies a text. `navigator.clipboard` exists only in secure contexts; over plain HTTP the older command does it.
export async function copyText(text: string): Promise<void> {
  // eslint-disable-next-line no-restricted-properties -- this is the one place that knows what to do without it
  if (isSecureContext) return navigator.clipboard.writeText(text)
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'visually-hidden'
  document.body.append(area)
  area.focus({ preventScroll: true })
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  if (!copied) throw new Error('the browser did not copy')
}
