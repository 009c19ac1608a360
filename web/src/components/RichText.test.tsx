import { expect, test, vi } from 'vitest'
import { button, click, render, until } from '@/testing/render'
import { RichText } from './RichText'

test('marks become elements, and hostile text stays text', async () => {
  const { page } = await render(<RichText text={'**bold** <img src=x onerror=alert(1)> https://example.org/a)'} />)
  expect(page.querySelector('strong')?.textContent).toBe('bold')
  expect(page.querySelector('img')).toBeNull()
  expect(page.textContent).toContain('<img src=x onerror=alert(1)>')
  const link = page.querySelector('a')!
  expect([link.getAttribute('href'), link.rel, link.target]).toEqual(['https://example.org/a', 'noopener noreferrer', '_blank'])
})

test('a mention of the user looks different, and another opens the person', async () => {
  const open = vi.fn()
  const { page } = await render(<RichText text="@anna and @Boris and @all" me="boris" mentions onMention={open} />)
  await click(button('@anna', page))
  expect(open).toHaveBeenCalledWith('anna')
  expect(button('@Boris', page).className).not.toBe(button('@anna', page).className)
  expect([...page.querySelectorAll('span')].map((one) => one.textContent)).toEqual(['@all'])
})

test('of words written together with a name the name alone looks like a mention', async () => {
  const { page } = await render(<RichText text="你好@olga你看, привет@anna" me="anna" names={['Olga']} mentions onMention={() => {}} />)
  expect([...page.querySelectorAll('button')].map((one) => one.textContent)).toEqual(['@olga', '@anna'])
  expect(page.textContent).toBe('你好@olga你看, привет@anna')
})

test('without mentions an at sign is only text', async () => {
  const { page } = await render(<RichText text="npm i @scope" />)
  expect(page.querySelectorAll('button, span')).toHaveLength(0)
})

test('code is highlighted once the highlighter is there', async () => {
  const { page } = await render(<RichText text={'```rust\nlet a = "<b>";\n```'} />)
  expect(page.querySelector('pre')?.textContent).toBe('let a = "<b>";')
  await until(() => expect(page.querySelector('[data-token="keyword"]')?.textContent).toBe('let'))
  expect(page.querySelector('[data-token="string"]')?.textContent).toBe('"<b>"')
  expect(page.querySelector('pre')?.textContent).toBe('let a = "<b>";')
})

test('a hidden text is shown when pressed', async () => {
  const { page } = await render(<RichText text="||secret||" />)
  await click(button(/./, page))
  expect(page.querySelector('button')).toBeNull()
  expect(page.textContent).toBe('secret')
})
