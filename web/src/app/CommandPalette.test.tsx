import { expect, test, vi } from 'vitest'
import { chat, message, person } from '@/api/fixtures'
import { fill, named, press, render, serve, until } from '@/testing/render'
import { CommandPalette } from './CommandPalette'

const found = { results: [{ message: message(7), snippet: { text: 'план сада', highlights: [[0, 4]] } }], cursor: null }
const ports = () => ({ onOpen: vi.fn(), onNew: vi.fn(), onView: vi.fn(), onSaved: vi.fn(), onKeys: vi.fn(), onSettings: vi.fn(), onClose: vi.fn() })

async function palette(answers = {}) {
  const calls = serve({ 'GET /users/search': [], 'GET /search': { results: [], cursor: null }, 'GET /users/2': person(2, 'Вера'), ...answers })
  const told = ports()
  await render(<CommandPalette {...told} />, { chats: [chat(), chat({ id: 11, title: 'Планы', kind: 'private', is_group: false })] })
  const field = named<HTMLInputElement>('input[role=combobox]', 'Чат, человек, сообщение или команда')
  return { calls, field, ...told }
}

const texts = () => [...document.querySelectorAll('[role=option] b')].map((one) => one.textContent)
const sections = () => [...document.querySelectorAll('[role=group]')].map((one) => document.getElementById(one.getAttribute('aria-labelledby')!)?.textContent)
/// What a screen reader is told to be on.
const active = (field: HTMLElement) => document.getElementById(field.getAttribute('aria-activedescendant') ?? '')

test('words find chats, people and messages in sections, and the keys move through them', async () => {
  const { calls, field, onOpen, onClose } = await palette({ 'GET /search': found, 'GET /users/search': [person(5, 'План Планов')] })
  expect(sections()).toEqual(['Чаты', 'Команды'])
  await fill(field, 'план')
  await until(() => expect(sections()).toEqual(['Чаты', 'Люди', 'Сообщения']))
  expect(calls.find(({ path }) => path === '/search')?.query.get('q')).toBe('план')
  await until(() => expect(texts()).toEqual(['Планы', 'План Планов', 'Вера · Team']))
  expect(document.querySelector('mark')?.textContent).toBe('план')
  expect(active(field)?.textContent).toContain('Планы')
  await press(field, 'ArrowUp')
  expect(active(field)?.getAttribute('aria-selected')).toBe('true')
  expect(document.querySelectorAll('[aria-selected=true]')).toHaveLength(1)
  await press(field, 'Enter')
  expect(onOpen).toHaveBeenCalledWith(10, 7)
  expect(onClose).toHaveBeenCalled()
})

test('what is found later does not move the choice', async () => {
  const { field } = await palette({ 'GET /users/search': [person(5, 'Темир')] })
  await fill(field, 'те')
  await press(field, 'ArrowDown')
  const chosen = active(field)?.id
  expect(chosen).toMatch(/^switch-command-theme/)
  await until(() => expect(sections()).toContain('Люди'))
  expect(active(field)?.id).toBe(chosen)
})

test('a command is found by its words and run', async () => {
  const { field, onSettings, onNew, onSaved, onKeys } = await palette()
  await fill(field, 'настр увед')
  expect(texts()).toEqual(['Настройки: Уведомления'])
  await press(field, 'Enter')
  expect(onSettings).toHaveBeenCalledWith('notifications')
  await fill(field, 'канал нов')
  await press(field, 'Enter')
  expect(onNew).toHaveBeenCalledWith('channel')
  await fill(field, 'избран')
  await press(field, 'Enter')
  expect(onSaved).toHaveBeenCalled()
  await fill(field, 'клавиши')
  await press(field, 'Enter')
  expect(onKeys).toHaveBeenCalled()
  await fill(field, 'тема тём')
  await press(field, 'Enter')
  expect(document.documentElement.dataset.theme).toBe('dark')
  delete document.documentElement.dataset.theme
})

test('a page key goes from section to section, and nothing found is said', async () => {
  const { field } = await palette()
  await press(field, 'PageDown')
  expect(active(field)?.textContent).toBe('Новый чат')
  await press(field, 'PageDown')
  expect(active(field)?.textContent).toContain('Планы')
  await fill(field, 'ыыы')
  await until(() => expect(document.querySelector('dialog')?.textContent).toContain('Ничего не найдено'))
  expect(field.getAttribute('aria-expanded')).toBe('false')
})

test('an embedded chat has no commands for the account and the page around it', async () => {
  serve({})
  await render(<CommandPalette {...ports()} onSettings={undefined} />, { chats: [] })
  expect(texts()).toEqual(['Новый чат', 'Новая группа', 'Новый канал', 'Вступить по коду', 'Поиск по сообщениям', 'Избранное', 'Закладки', 'Каналы', 'Горячие клавиши'])
})
