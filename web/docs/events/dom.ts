/// Elements out of data: text stays text, whatever is in it.

export type Child = Node | string | false | undefined

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

/// The little of Markdown that our descriptions use: paragraphs, lists, `code` and **weight**.
export function prose(text: string | undefined): Node[] {
  return (text ?? '').trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    const lines = block.split('\n')
    if (!lines.every((line) => /^\s*([-*] |\s{2,}\S)/.test(line))) return el('p', {}, ...inline(lines.join(' ')))
    const items = block.split(/^\s*[-*] /m).filter((item) => item.trim() !== '')
    return el('ul', {}, ...items.map((item) => el('li', {}, ...inline(item.replace(/\s+/g, ' ').trim()))))
  })
}

export function inline(text: string): Child[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (/^`.+`$/s.test(part)) return el('code', {}, part.slice(1, -1))
    if (/^\*\*.+\*\*$/s.test(part)) return el('strong', {}, part.slice(2, -2))
    return part
  })
}

export function table(label: string, heads: string[], rows: Child[][][]): HTMLElement {
  const row = (cell: 'th' | 'td', cells: Child[][]) => el('tr', {}, ...cells.map((cells) => el(cell, {}, ...cells)))
  return el(
    'div',
    // Wide tables move by themselves; a keyboard must reach them to do so.
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': label },
    el('table', {}, el('thead', {}, row('th', heads.map((head) => [head]))), el('tbody', {}, ...rows.map((cells) => row('td', cells)))),
  )
}
