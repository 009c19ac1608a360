import { expect, test } from 'vitest'
import { render, serve, until } from '@/testing/render'
import { AnnouncementBanner } from './AnnouncementBanner'

test('everybody sees the announcement', async () => {
  serve({ 'GET /announcement': () => ({ announcement: { text: 'Обновление в субботу', until: null } }) })
  const { page } = await render(<AnnouncementBanner />)
  await until(() => expect(page.textContent).toBe('Обновление в субботу'))
})
