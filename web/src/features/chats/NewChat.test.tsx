import { expect, test, vi } from 'vitest'
import { chat, person } from '@/api/fixtures'
import { button, click, fill, named, Refusal, render, serve, until } from '@/testing/render'
import { NewChat } from './NewChat'

async function dialog() {
  const calls = serve({ 'POST /chats': chat({ id: 77 }), 'POST /chats/direct': chat({ id: 78 }), 'GET /users/search': [person(5, 'Вера')] })
  const open = vi.fn()
  await render(<NewChat onClose={() => undefined} onOpen={open} />)
  const made = () => calls.find(({ method, path }) => method === 'POST' && path === '/chats')?.body
  return { calls, open, made }
}

test('an open channel is made with its description and rules', async () => {
  const { open, made } = await dialog()
  await click(button('Новый канал'))
  expect(document.activeElement).toBe(named('input', 'Название канала'))
  expect(button('Создать канал').disabled).toBe(true)
  await fill(named('input', 'Название канала'), ' Новости ')
  await fill(named<HTMLTextAreaElement>('textarea', 'Описание'), 'Что нового')
  await click(button('Создать канал'))
  expect(made()).toEqual({ title: 'Новости', kind: 'channel', member_ids: [], description: 'Что нового', read_only: true })
  expect(open).toHaveBeenCalledWith(77)
})

test('a closed channel is a group that is joined by invitation; everybody may write if that is chosen', async () => {
  const { made } = await dialog()
  await click(button('Новый канал'))
  await fill(named('input', 'Название канала'), 'Совет')
  await click(named('input', 'Закрытый'))
  expect(document.body.textContent).toContain('по приглашению')
  await click(named('input', 'Пишут только администраторы'))
  await click(button('Создать канал'))
  expect(made()).toEqual({ title: 'Совет', kind: 'group', member_ids: [] })
})

test('a group is made with the people who are chosen', async () => {
  const { made } = await dialog()
  await click(button('Новая группа'))
  expect(document.querySelector('fieldset')).toBeNull()
  await fill(named('input', 'Название группы'), 'Отдел')
  await fill(document.querySelector<HTMLInputElement>('[type=search]')!, 'Вер')
  await until(() => button(/^Вера/))
  await click(button(/^Вера/))
  expect(button('Убрать: Вера')).toBeTruthy()
  await click(button('Создать группу'))
  expect(made()).toEqual({ title: 'Отдел', kind: 'group', member_ids: [5] })
})

test('a person who is found is written to', async () => {
  const { calls, open } = await dialog()
  await fill(document.querySelector<HTMLInputElement>('[type=search]')!, 'Вер')
  await until(() => button(/^Вера/))
  await click(button(/^Вера/))
  expect(calls.at(-1)).toMatchObject({ path: '/chats/direct', body: { user_id: 5 } })
  expect(open).toHaveBeenCalledWith(78)
})

test('a group is joined by its code, however it is written; a wrong one is said', async () => {
  const calls = serve({ 'POST /chats/join': ({ code }: { code: string }) => (code === 'AB12CD' ? chat({ id: 90 }) : new Refusal(404, 'not_found')) })
  const open = vi.fn()
  await render(<NewChat onClose={() => undefined} onOpen={open} />)
  await click(button('Вступить по коду'))
  await fill(named('input', 'Код для вступления'), 'zzzzzz')
  await click(button('Вступить'))
  expect(document.querySelector('[role=alert]')?.textContent).toBe('Неверный или устаревший код')
  await fill(named('input', 'Код для вступления'), 'ab1 2cd')
  await click(button('Вступить'))
  expect(calls.at(-1)?.body).toEqual({ code: 'AB12CD' })
  expect(open).toHaveBeenCalledWith(90)
})
