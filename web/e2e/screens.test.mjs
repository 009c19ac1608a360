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

/// Where the system chooses the colours, what is chosen or pressed must be told apart by more than its colour.
const unmarked = (page) => page.evaluate(() => {
  const chosen = '[aria-current]:not([aria-current=false]), [aria-pressed=true], [aria-selected=true], [aria-checked=true], input:checked + span'
  return [...document.querySelectorAll(chosen)].filter((one) => one.checkVisibility() && getComputedStyle(one).outlineStyle === 'none')
    .map((one) => `chosen only by colour: ${one.tagName} ${one.textContent.slice(0, 40)}`)
})

/// Where the reader wants more contrast, lines and minor texts have the colour of the text, in every theme.
const paleLines = (page) => page.evaluate(() => {
  const style = getComputedStyle(document.querySelector('.besedka'))
  return ['--line', '--ink-soft', '--ink-faint'].filter((name) => style.getPropertyValue(name) !== style.getPropertyValue('--ink'))
})

/// What is wider than the page.
const wider = (page) => page.evaluate(() => {
  const { scrollWidth, clientWidth } = document.documentElement
  const sideways = [...document.querySelectorAll('dialog[open] *, aside *, [role=menu]')]
    .filter((one) => one.tagName !== 'PRE' && one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
    .map((one) => `${one.tagName}.${one.className} scrolls sideways, ${one.scrollWidth} in ${one.clientWidth}`)
  return [...(scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`] : []), ...sideways]
})

/// Goes through the topmost dialog with the keyboard: everything in it can be reached, and shows where the focus is.
async function byKeyboard(page) {
  const dialog = page.locator('dialog[open]').last()
  // Tab closes a menu.
  if (await page.locator('dialog[open]').count() === 0 || await page.getByRole('menu').count() > 0) return []
  const wanted = await dialog.evaluate((frame) => {
    const all = [...frame.querySelectorAll('button, input, select, textarea, a[href]')]
    // Of radio buttons, one is stopped at; the arrows lead to the others.
    const stops = all.filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0 && one.closest('dialog') === frame && (one.type !== 'radio' || one.checked))
    stops.forEach((one, at) => { one.dataset.stop = at })
    return stops.length
  })
  const found = []
  const seen = new Set()
  for (let step = 0; step < wanted + 12 && seen.size < wanted; step++) {
    await page.keyboard.press('Tab')
    const { stop, visible, name } = await page.evaluate(() => {
      const one = document.activeElement
      const rings = [one, one.nextElementSibling, one.parentElement].filter(Boolean).map((part) => getComputedStyle(part))
      return {
        stop: one.dataset.stop,
        visible: one === document.body || one.tagName === 'DIALOG' || rings.some((style) => style.outlineStyle !== 'none' || style.boxShadow !== 'none'),
        name: `${one.tagName} ${one.ariaLabel ?? one.textContent.slice(0, 40)}`,
      }
    })
    if (!visible) found.push(`no focus is seen on ${name}`)
    if (stop !== undefined) seen.add(stop)
  }
  const missed = await dialog.evaluate((frame, reached) => [...frame.querySelectorAll('[data-stop]')].filter((one) => !reached.includes(one.dataset.stop))
    .map((one) => `not reached by keyboard: ${one.tagName} ${one.ariaLabel ?? one.textContent.slice(0, 40)}`), [...seen])
  return [...found, ...missed]
}

const WAYS = [
  { name: 'light, 1280 px, by keyboard', viewport: { width: 1280, height: 800 }, look: byKeyboard },
  { name: 'dark, 360 px', viewport: { width: 360, height: 740 }, colorScheme: 'dark', look: inHighContrast },
  { name: 'forced colours, 320 px, from right to left', viewport: { width: 320, height: 640 }, forcedColors: 'active', rtl: true, look: unmarked },
  { name: 'more contrast, dark, 3840 px', viewport: { width: 3840, height: 2160 }, colorScheme: 'dark', contrast: 'more', look: paleLines },
]

// Each day has two of them; `SCREENS=2` repeats one, `SCREENS=0,1,2,3` goes all ways.
const today = Math.floor(Date.now() / 86_400_000)
const chosen = process.env.SCREENS?.split(',').map(Number) ?? [today % WAYS.length, (today + 1) % WAYS.length]
for (const { name: way, look, rtl, ...options } of chosen.map((number) => WAYS[number])) {
  test(`every screen is accessible: ${way}`, async () => {
    const context = await device({ colorScheme: 'light', reducedMotion: 'reduce', ...options })
    if (rtl) await context.addInitScript(() => {
      const turn = () => { if (document.documentElement && document.documentElement.dir !== 'rtl') document.documentElement.dir = 'rtl' }
      new MutationObserver(turn).observe(document, { attributes: true, subtree: true, childList: true, attributeFilter: ['dir'] })
    })
    const { page, chat, tag } = await furnished(context)
    const found = []
    let number = 0
    await tour(page, chat, tag, async (name) => {
      // To be looked at: nobody does where the machine tests by itself, and the largest take seconds each.
      if (!process.env.CI) await page.screenshot({ path: `${SHOTS}screens-${way.split(/[ ,]/)[0]}-${String(++number).padStart(2, '0')}.png` })
      for (const one of [...await axe(page), ...await wider(page), ...await look(page, name)]) found.push(`${name}: ${one}`)
    })
    assert.deepEqual(found, [])
    await context.close()
  })
}
