import { act } from 'react'
import { expect, test } from 'vitest'
import { render } from '@/testing/render'
import { DropZone } from './DropZone'

const picture = new File(['x'], 'image.png', { type: 'image/png' })

/// The files that are taken of a clipboard; null if its text is left to the field.
async function paste(texts: Record<string, string>, files = [picture]): Promise<File[] | null> {
  let taken: File[] | null = null
  const { page } = await render(<DropZone onFiles={(some) => { taken = some }}><textarea /></DropZone>)
  const event = new Event('paste', { bubbles: true, cancelable: true })
  Object.assign(event, { clipboardData: { files, types: Object.keys(texts), getData: (type: string) => texts[type] ?? '' } })
  await act(async () => { page.querySelector('textarea')!.dispatchEvent(event) })
  expect(event.defaultPrevented).toBe(taken !== null)
  return taken
}

test('cells of a spreadsheet are pasted as their text, not as the picture that comes with them', async () => {
  expect(await paste({ 'text/plain': '1\t2', 'text/html': '<html><body><table><tr><td>1</td><td>2</td></tr></table></body></html>' })).toBeNull()
})

test('a picture of a page is pasted as the picture', async () => {
  const html = '<meta charset="utf-8"><!--StartFragment--><a href="https://example.org"><img src="https://example.org/a.png" alt="A"></a><!--EndFragment-->'
  expect(await paste({ 'text/html': html })).toEqual([picture])
  expect(await paste({ 'text/plain': 'https://example.org/a.png', 'text/html': html })).toEqual([picture])
})

test('a screenshot and copied files are files, though a file manager names them in text', async () => {
  const report = new File(['x'], 'report.pdf', { type: 'application/pdf' })
  expect(await paste({})).toEqual([picture])
  expect(await paste({ 'text/plain': 'image.png' })).toEqual([picture])
  expect(await paste({ 'text/plain': 'report.pdf', 'text/html': '<b>report.pdf</b>' }, [report])).toEqual([report])
})

test('text alone is left to the field', async () => {
  expect(await paste({ 'text/plain': 'text' }, [])).toBeNull()
})
