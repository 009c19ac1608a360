import { expect, test, vi } from 'vitest'
import { chat, message } from '@/api/fixtures'
import { button, click, fill, render, serve, until } from '@/testing/render'
import { SearchPanel } from './SearchPanel'
import { NO_FILTERS, queryOf } from './server'

vi.stubGlobal('IntersectionObserver', class { observe() {} disconnect() {} })

const answer = { results: [{ message: message(7), snippet: { text: 'the plan 👍 is', highlights: [[4, 8]] } }], cursor: null }

test('words are found, marked, and lead to their message', async () => {
  const asked = serve({ 'GET /search': answer, 'GET /users/2': { id: 2, display_name: 'Olga', created_at: '' } })
  const open = vi.fn()
  const { page } = await render(<SearchPanel chat={chat()} onOpen={open} onClose={() => undefined} />, { language: 'en' })
  await fill(page.querySelector('input[type=search]')!, 'plan')
  await until(() => expect(page.querySelector('mark')?.textContent).toBe('plan'))
  expect(page.textContent).toContain('the plan 👍 is')
  expect(asked.find(({ path }) => path === '/search')?.query.get('chat_id')).toBe('10')
  await click(page.querySelector('li button')!)
  expect(open).toHaveBeenCalledWith(10, 7)
})

test('a filter alone is a search', async () => {
  const asked = serve({ 'GET /search': { results: [], cursor: null } })
  const { page } = await render(<SearchPanel chat={null} onOpen={() => undefined} onClose={() => undefined} />, { language: 'en' })
  await click(page.querySelector('[aria-expanded]')!)
  await click(page.querySelectorAll('[role=group] button')[2]!)
  await until(() => expect(asked.at(-1)?.query.get('q')).toBe('has:file'))
  await until(() => expect(page.textContent).toContain('Nothing found'))
  expect(button('Files', page).getAttribute('aria-pressed')).toBe('true')
})

test('the last day of a search is included', () => {
  expect(queryOf(' plan ', { ...NO_FILTERS, mine: true, after: '2026-01-01', before: '2026-01-31' })).toBe('plan from:me after:2026-01-01 before:2026-02-01')
})
