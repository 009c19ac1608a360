import { expect, test } from 'vitest'
import { ME, person } from '@/api/fixtures'
import { button, click, fill, named, render, serve } from '@/testing/render'
import { PersonCard } from './PersonCard'

test('a person is reported with a reason', async () => {
  const calls = serve({
    'GET /users/me': () => person(ME, 'Айгуль'), 'GET /users/2': () => person(2, 'Пётр'), 'GET /users/me/blocked': () => [], 'GET /presence': () => [],
    'POST /users/2/report': () => undefined,
  })
  await render(<PersonCard id={2} onClose={() => undefined} onOpen={() => undefined} />)
  await click(button('Пожаловаться'))
  await fill(named('textarea', 'Подробности'), ' грубит ')
  await click(button('Отправить жалобу'))
  expect(calls).toContainEqual(expect.objectContaining({ method: 'POST', path: '/users/2/report', body: { reason: 'spam', comment: 'грубит' } }))
})
