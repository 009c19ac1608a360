// node tests/links.mjs: do the links between the texts of this repository lead somewhere?
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const tracked = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']
const pages = execFileSync('git', tracked, { encoding: 'utf8' }).trim().split('\n').filter(existsSync)

/** The anchors of a page's headings, as code hosting sites name them. */
function anchorsOf(page) {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '')
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((found) => found[1])
  return new Set(headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')))
}

let wrong = 0
let links = 0
for (const page of pages) {
  const text = readFileSync(page, 'utf8').replace(/```.*?```/gs, '')
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target) || target.startsWith('/')) continue
    links += 1
    const [path, anchor] = target.split('#')
    const file = path ? normalize(join(dirname(page), path)) : page
    const is_there = existsSync(file) && (!anchor || anchorsOf(file).has(decodeURIComponent(anchor)))
    if (is_there) continue
    console.error(`${page}: ${target} leads nowhere`)
    wrong += 1
  }
}
console.log(`${links} links in ${pages.length} pages, ${wrong} lead nowhere`)
process.exit(wrong > 0 ? 1 : 0)
