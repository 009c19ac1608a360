// Every screen, panel, menu and dialog for people who use a screen reader, in every theme.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, axe, close, device, open, SHOTS, still } from './lib.mjs'
import { furnished, tour } from './tour.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

/// This theme changes nothing but colours; on a dark system it is furthest from what was there before.
async function inHighContrast(page, name) {
  const root = (change) => page.evaluate((theme) => {
    const before = document.documentElement.dataset.theme
    if (theme) document.documentElement.dataset.theme = theme
    else delete document.documentElement.dataset.theme
    return before
  }, change)
  const before = await root('contrast')
  await still(page)
  const found = await axe(page, ['color-contrast'])
  await root(before)
  await still(page)
  return found.map((one) => `${name}, high contrast: ${one}`)
}

for (const [theme, viewport] of [['light', { width: 1280, height: 800 }], ['dark', { width: 360, height: 740 }]]) {
  test(`every screen is accessible: ${theme}, ${viewport.width} px`, async () => {
    const context = await device({ colorScheme: theme, viewport, reducedMotion: 'reduce' })
    const { page, chat, tag } = await furnished(context)
    const found = []
    let number = 0
    await tour(page, chat, tag, async (name) => {
      for (const one of await axe(page)) found.push(`${name}: ${one}`)
      if (theme === 'dark') found.push(...await inHighContrast(page, name))
      await page.screenshot({ path: `${SHOTS}screens-${theme}-${String(++number).padStart(2, '0')}.png` })
    })
    assert.deepEqual(found, [])
    await context.close()
  })
}
