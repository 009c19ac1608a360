import { act, useState } from 'react'
import { expect, test } from 'vitest'
import { button, click, fill, named, render } from '@/testing/render'
import { stage, type StagedFile } from './bundles'
import { Staged } from './Staged'

let now: StagedFile[] = []

function Tray({ files }: { files: File[] }) {
  const [staged, setStaged] = useState(() => stage([], files))
  return <form><Staged files={staged} onChange={(next) => { now = next; setStaged(next) }} /><textarea /></form>
}

const file = (name: string, type = 'text/plain', bytes = 1_500) => new File([new Uint8Array(bytes)], name, { type })

test('each file has its name, size and caption; what is removed is gone, and the focus stays in the tray', async () => {
  const { page } = await render(<Tray files={[file('отчёт.txt'), file('сад.png', 'image/png'), file('b.txt')]} />)
  expect([...page.querySelectorAll('li b')].map((one) => one.textContent)).toEqual(['отчёт.txt', 'сад.png', 'b.txt'])
  expect(page.querySelector('[role=status]')?.textContent).toBe('3 файла · 4,5 КБ')
  expect(page.querySelectorAll('li img')).toHaveLength(1)
  await fill(named('input', 'Подпись к файлу сад.png'), 'Наш сад')
  expect(page.querySelector('[role=status]')?.textContent).toContain('3 сообщения')
  act(() => button('Убрать отчёт.txt').focus())
  await click(button('Убрать отчёт.txt'))
  expect(document.activeElement?.getAttribute('aria-label')).toBe('Убрать сад.png')
  expect(now.map(({ file: { name }, caption }) => [name, caption])).toEqual([['сад.png', 'Наш сад'], ['b.txt', '']])
  await click(button('Убрать все'))
  expect(now).toEqual([])
})

test('a single file has no caption of its own: the field is its caption', async () => {
  const { page } = await render(<Tray files={[file('a.txt')]} />, { language: 'en' })
  expect(page.querySelector('input')).toBeNull()
  await click(button('Remove a.txt'))
  expect(now).toEqual([])
  expect(document.activeElement?.tagName).toBe('TEXTAREA')
})
