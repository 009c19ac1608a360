// Texts that mean harm, in every place that shows a text: nothing runs, nothing is asked elsewhere, and nothing is wider
// than the smallest phone.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { assertWellBehaved, close, device, open, SHOTS } from './lib.mjs'
import { furnished, tour } from './tour.mjs'

before(open)
after(close)
afterEach(assertWellBehaved)

const MARKUP = '"><img src=x onerror=alert(1)><script>alert(2)</script><svg/onload=alert(3)>{{constructor}}${alert(4)}'
const LINKS = '[нажми](javascript:alert(5)) javascript:alert(6) data:text/html,<script>alert(7)</script> ![x](https://evil.example/x.png)'
const BIDI = '\u202Egpj.exe\u202C \u2066\u2067перевёрнуто\u2069 \u200F\u200Eконец'
const ZALGO = `З${'\u0301\u0316\u0330\u033B\u0353'.repeat(30)}а${'\u0302\u0317'.repeat(40)}лго`
const SPACES = '\u00A0\u3000\u200B\u200D\uFEFF\u2028строка\u2029абзац\u0007\u001B[31m'
const LONG = 'Ы'.repeat(5_000)

const WICKED = [MARKUP, LINKS, BIDI, ZALGO, SPACES, LONG]
/// How long a text of each kind may be.
const MOST = { name: 60, title: 95, about: 480, option: 90, text: 6_000, file: 110, token: 90, host: 200 }
let turn = 0

/// One wicked text after the other, cut to what the server takes; the marks by which the walk finds things stay.
function wicked(kind, plain) {
  const text = WICKED[turn++ % WICKED.length]
  if (kind === 'file') {
    const [, base, end] = /^(.*)(\.\w+)$/.exec(plain)
    return `${text.replace(/[/\\\u0000-\u001F\u2028\u2029]/g, '_').slice(0, MOST.file)}${base}${end}`
  }
  // A name is found by its tag, so that ends it.
  return kind === 'text' ? `${plain} ${text}`.slice(0, MOST.text) : `${text.slice(0, MOST[kind] - plain.length - 1).replace(/[\u0000-\u001F]/g, '')} ${plain}`.trim()
}

// Each day gives each place another of the texts; `HOSTILE=3` repeats a day, `HOSTILE=0,1,2,3,4,5` tries all of them.
const starts = process.env.HOSTILE?.split(',').map(Number) ?? [Math.floor(Date.now() / 86_400_000) % WICKED.length]
for (const start of starts) {
  test(`texts that mean harm stay texts, in each place at 320 px: ${start}`, async () => {
    turn = start
    const context = await device({ viewport: { width: 320, height: 640 }, reducedMotion: 'reduce' })
    const dialogs = []
    const watch = (page) => page.on('dialog', (dialog) => { dialogs.push(dialog.message()); void dialog.dismiss() })
    context.on('page', watch)
    const { page, chat, tag } = await furnished(context, wicked)
    const wide = []
    let number = 0
    await tour(page, chat, tag, async (name) => {
      const over = await page.evaluate(() => {
        const most = document.documentElement.clientWidth
        if (document.documentElement.scrollWidth > most) return `the page is ${document.documentElement.scrollWidth}`
        // What scrolls sideways by intent says so.
        const scrolls = (one) => one && (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement))
        const found = [...document.querySelectorAll('dialog[open] *, aside *, article *, [role=menu] *')]
          .find((one) => one.getBoundingClientRect().right > most + 1 && one.getClientRects().length > 0 && !scrolls(one.parentElement))
        if (found) return `${found.tagName}.${found.className} ends at ${found.getBoundingClientRect().right}`
        // Whatever scrolls from top to bottom would scroll sideways too, and only code may.
        const sideways = [...document.querySelectorAll('dialog[open] *, aside *, [role=menu]')]
          .find((one) => one.tagName !== 'PRE' && one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
        return sideways ? `${sideways.tagName}.${sideways.className} scrolls sideways, ${sideways.scrollWidth} in ${sideways.clientWidth}` : null
      })
      if (over) wide.push(`${name}: ${over}`)
      await page.screenshot({ path: `${SHOTS}hostile-${start}-${String(++number).padStart(2, '0')}.png` })
      const bad = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((one) => one.protocol).filter((one) => !['http:', 'https:', 'blob:', 'mailto:', 'geo:', 'tel:'].includes(one)))
      assert.deepEqual(bad, [], name)
    })
    assert.deepEqual(dialogs, [])
    assert.deepEqual(wide, [])
    await context.close()
  })
}
