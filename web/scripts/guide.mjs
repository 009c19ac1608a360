// Renders docs/ into dist/docs/guide, so that every server has its own guide, also without the internet.
// A page docs/run/mail.md is served at /docs/guide/run/mail, and README.md at the address of its folder.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { Marked } from 'marked'

const root = new URL('../../', import.meta.url).pathname
const dist = new URL('../dist/', import.meta.url).pathname
const BASE = '/docs/guide'

const escape = (text) => text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one])
/// The names of headings are those that code hosting sites make, which tests/links.mjs checks.
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
const addressOf = (page) => join(BASE, page.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '').replace(/\.md$/, '')).replace(/\/$/, '')
const languageOf = (page) => (page.startsWith('docs/ru/') ? 'ru' : 'en')

const pages = readdirSync(join(root, 'docs'), { recursive: true })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
  .sort()
const read = (page) => readFileSync(join(root, page), 'utf8')
const titles = new Map(pages.map((page) => [page, /^# (.+)$/m.exec(read(page))?.[1].replaceAll('`', '') ?? page]))

/// Where a link of a page leads in the guide. What is not in the guide is only in the repository: no link.
function target(page, href) {
  if (/^[a-z]+:/.test(href) || href.startsWith('#')) return href
  const [path, name] = href.split('#')
  const file = normalize(join(dirname(page), path))
  if (!titles.has(file)) return null
  return addressOf(file) + (name ? `#${name}` : '')
}

function render(page) {
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }) {
        const inside = this.parser.parseInline(tokens)
        const to = target(page, href)
        return to === null ? inside : `<a href="${escape(to)}">${inside}</a>`
      },
      // Pictures are in the repository only.
      image: ({ text }) => escape(text),
      table(token) {
        const cell = (one, tag) => `<${tag}>${this.parser.parseInline(one.tokens)}</${tag}>`
        const row = (cells, tag) => `<tr>${cells.map((one) => cell(one, tag)).join('')}</tr>`
        return `<div class="wide"><table><thead>${row(token.header, 'th')}</thead><tbody>${token.rows.map((one) => row(one, 'td')).join('')}</tbody></table></div>\n`
      },
      html: ({ text }) => escape(text),
    },
  })
  return marked.parse(read(page))
}

/// The other language's page, if there is one.
const other = (page) => {
  const path = languageOf(page) === 'ru' ? page.replace('docs/ru/', 'docs/') : page.replace('docs/', 'docs/ru/')
  return titles.has(path) ? path : languageOf(page) === 'ru' ? 'docs/README.md' : 'docs/ru/README.md'
}

const texts = {
  en: { guide: 'Guide', api: 'API', other: 'По-русски', code: 'ru' },
  ru: { guide: 'Руководство', api: 'API', other: 'In English', code: 'en' },
}

function navigation(page) {
  const language = languageOf(page)
  const shown = pages.filter((one) => languageOf(one) === language && !one.endsWith('README.md'))
  const link = (one) => `<li><a href="${addressOf(one)}"${one === page ? ' aria-current="page"' : ''}>${escape(titles.get(one))}</a></li>`
  return `<ul>${shown.map(link).join('')}</ul>`
}

for (const page of pages) {
  const language = languageOf(page)
  const t = texts[language]
  const home = addressOf(language === 'ru' ? 'docs/ru/README.md' : 'docs/README.md')
  const title = titles.get(page)
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)} · Besedka</title>
<link rel="icon" href="/icons/mark.svg">
<link rel="stylesheet" href="${BASE}/guide.css">
</head>
<body>
<header><a class="home" href="${home}">Besedka · ${t.guide}</a><nav><a href="/docs">${t.api}</a> <a href="${addressOf(other(page))}" lang="${t.code}" hreflang="${t.code}">${t.other}</a></nav></header>
<div class="columns">
<nav class="pages" aria-label="${t.guide}">${navigation(page)}</nav>
<main>
${render(page)}</main>
</div>
</body>
</html>
`
  const folder = join(dist, addressOf(page))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'index.html'), html)
}
writeFileSync(join(dist, BASE, 'guide.css'), readFileSync(new URL('guide.css', import.meta.url)))
console.log(`guide: ${pages.length} pages`)
