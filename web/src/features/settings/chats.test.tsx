import { expect, test } from 'vitest'
import { HER, person } from '@/api/fixtures'
import type { ChatOverview, OwnerCandidate } from '@/api/types'
import { button, click, fill, named, Refusal, render, serve, until } from '@/testing/render'
import { Chats } from './Chats'

const at = '2024-03-26T10:00:00'
const overview = (id: number, title: string, more: Partial<ChatOverview> = {}): ChatOverview =>
  ({ id, kind: 'group', title, owner: person(HER, 'Пётр'), member_count: 3, created_at: at, active_at: at, is_exempt: false, ...more })
const rows = (page: Element) => [...page.querySelectorAll('section > ul > li')].map(({ textContent }) => textContent)

test('groups and channels are listed page by page with their owners, each once', async () => {
  const first = [overview(1, 'Сад'), overview(2, 'Новости', { kind: 'channel', owner: null, is_exempt: true })]
  const second = [overview(2, 'Новости'), overview(3, 'Архив', { owner: { ...person(4, 'Бек'), deactivated: true }, member_count: 1 })]
  let answer: object = { chats: first, cursor: 'a-1' }
  const calls = serve({ 'GET /admin/chats': () => answer })
  const { page } = await render(<Chats />)
  await until(() => expect(rows(page)).toHaveLength(2))
  expect(rows(page)[0]).toMatch(/Сад.*Владелец: Пётр.*3 участника/)
  expect(rows(page)[1]).toMatch(/Новости.*канал.*Нет владельца.*сообщения хранятся всегда/)
  answer = { chats: second, cursor: null }
  await click(button('Показать ещё'))
  await until(() => expect(rows(page)).toHaveLength(3))
  expect(rows(page)[2]).toMatch(/Архив.*Владелец: Бек \(учётная запись отключена\).*1 участник/)
  expect(calls.map(({ query }) => query.get('cursor'))).toEqual([null, 'a-1'])
  expect(page.textContent).not.toContain('Показать ещё')
  answer = { chats: [], cursor: null }
  await fill(named('input', 'Название чата'), ' лес ')
  await until(() => expect(page.querySelector('[role=status]')?.textContent).toBe('Ничего не найдено'))
  expect(calls.at(-1)?.query.get('query')).toBe('лес')
})

test('a chat is deleted after a question that names it', async () => {
  let chats = [overview(1, 'Сад'), overview(2, 'Архив')]
  const calls = serve({
    'GET /admin/chats': () => ({ chats, cursor: null }),
    'DELETE /admin/chats/1': () => void (chats = chats.slice(1)),
  })
  const { page } = await render(<Chats />)
  await until(() => expect(rows(page)).toHaveLength(2))
  await click(button('Удалить: Сад'))
  expect(page.querySelector('dialog')?.textContent).toMatch(/Удалить «Сад»\?.*исчезнут у 3 участников/)
  await click(button('Отмена'))
  expect(calls.filter(({ method }) => method === 'DELETE')).toEqual([])
  await click(button('Удалить: Сад'))
  await click(button('Удалить'))
  await until(() => expect(rows(page)).toHaveLength(1))
  expect(page.querySelector('dialog')).toBeNull()
})

test('the owner is chosen among the members who can be one', async () => {
  let owner = HER
  const candidates = (): OwnerCandidate[] => [
    { user: person(HER, 'Пётр'), role: owner === HER ? 'owner' : 'admin' },
    { user: { ...person(3, 'Бек'), username: 'bek' }, role: owner === 3 ? 'owner' : 'member' },
  ]
  const calls = serve({
    'GET /admin/chats': () => ({ chats: [overview(1, 'Сад', { owner: person(owner, owner === 3 ? 'Бек' : 'Пётр') })], cursor: null }),
    'GET /admin/chats/1/owner-candidates': candidates,
    'PUT /admin/chats/1/owner': ({ user_id }: { user_id: number }) => void (owner = user_id),
  })
  const { page } = await render(<Chats />)
  await until(() => expect(rows(page)).toHaveLength(1))
  await click(button('Сменить владельца: Сад'))
  await until(() => expect(page.querySelectorAll('dialog li')).toHaveLength(2))
  expect(page.querySelector('dialog li')?.textContent).toBe('Пётрвладелец')
  await fill(named('input', 'Имя, @имя или полный адрес почты'), 'бек')
  await until(() => expect(calls.at(-1)?.query.get('query')).toBe('бек'))
  await click(button('Сделать владельцем: Бек'))
  await until(() => expect(page.querySelector('dialog')).toBeNull())
  await until(() => expect(rows(page)[0]).toContain('Владелец: Бек'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'PUT', path: '/admin/chats/1/owner', body: { user_id: 3 } }))
})

test('a dialog stays open when the owner was not changed', async () => {
  serve({
    'GET /admin/chats': () => ({ chats: [overview(1, 'Сад')], cursor: null }),
    'GET /admin/chats/1/owner-candidates': () => [{ user: person(3, 'Бек'), role: 'member' }],
    'PUT /admin/chats/1/owner': () => new Refusal(409, 'conflict'),
  })
  const { page } = await render(<Chats />)
  await until(() => expect(rows(page)).toHaveLength(1))
  await click(button('Сменить владельца: Сад'))
  await until(() => expect(page.querySelectorAll('dialog li')).toHaveLength(1))
  await click(button('Сделать владельцем: Бек'))
  await until(() => expect(button('Сделать владельцем: Бек').disabled).toBe(false))
  expect(page.querySelector('dialog')).not.toBeNull()
})
