import { expect, test } from 'vitest'
import { applyEvents } from '@/api/events'
import { render, serve, until } from '@/testing/render'
import { AnnouncementBanner } from './AnnouncementBanner'

test('everybody sees the announcement, and another one as soon as it is made', async () => {
  serve({ 'GET /announcement': () => ({ announcement: { text: 'Обновление в субботу', until: null } }) })
  const { page, cache } = await render(<AnnouncementBanner />)
  await until(() => expect(page.textContent).toBe('Обновление в субботу'))
  applyEvents(cache, [{ event: 'announcement.updated', data: { announcement: { text: 'Уже в пятницу', until: null } } }])
  await until(() => expect(page.textContent).toBe('Уже в пятницу'))
  applyEvents(cache, [{ event: 'announcement.updated', data: { announcement: null } }])
  await until(() => expect(page.textContent).toBe(''))
})
