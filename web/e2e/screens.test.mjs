// Every screen, panel, menu and dialog for people who use a screen reader, in every theme.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, axe, close, device, open, SHOTS, still } from './lib.mjs'
import { furnished, tour } from './tour.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

for (const [theme, viewport] of [['light', { width: 1280, height: 800 }], ['dark', { width: 360, height: 740 }]]) {
  test(`every screen is accessible: ${theme}, ${viewport.width} px`, async () => {
    const context = await device({ colorScheme: theme, viewport, reducedMotion: 'reduce' })
    const { page, chat, tag } = await furnished(context)
    const found = []
    let number = 0
    await tour(page, chat, tag, async (name) => {
      for (const one of await axe(page)) found.push(`${name}: ${one}`)
      // The other themes change nothing but colours.
      const before = await page.evaluate(() => document.documentElement.dataset.theme)
      await page.evaluate(() => { document.documentElement.dataset.theme = 'contrast' })
      await still(page)
      for (const one of await axe(page, ['color-contrast'])) found.push(`${name}, high contrast: ${one}`)
      await page.evaluate((theme) => { if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme }, before)
      await page.screenshot({ path: `${SHOTS}screens-${theme}-${String(++number).padStart(2, '0')}.png` })
    })
    assert.deepEqual(found, [])
    await context.close()
  })
}
