// What the binary serves out of itself. BESEDKA_URL names the server (see with-server.sh).
import assert from 'node:assert/strict'
import { test } from 'node:test'

const at = (path) => new URL(path, process.env.BESEDKA_URL)

async function page(path) {
  const answer = await fetch(at(path))
  assert.equal(answer.status, 200, path)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src/, `${path} has a policy`)
  const html = await answer.text()
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => found[1])
  assert.ok(files.length > 0, `${path} names its files`)
  for (const file of files) {
    const asset = await fetch(at(file))
    assert.equal(asset.status, 200, file)
    assert.match(asset.headers.get('cache-control') ?? '', /immutable/, `${file} is kept by browsers`)
    assert.ok((await asset.arrayBuffer()).byteLength > 0, file)
  }
}

test('it says that it is well', async () => {
  assert.equal((await fetch(at('/health'))).status, 200)
})

test('the client is inside, with every file its page names', () => page('/'))

test('the documentation pages are inside', async () => {
  await page('/docs')
  await page('/docs/events')
})

test('the guide is inside, in both languages, and its links lead somewhere', async () => {
  const seen = new Set()
  const pages = new Map()
  const ahead = ['/docs/guide', '/docs/guide/ru']
  for (const path of ahead) {
    const answer = await fetch(at(path), { headers: { Accept: 'text/html' } })
    assert.equal(answer.status, 200, path)
    const html = await answer.text()
    assert.match(html, /<link rel="stylesheet" href="\/docs\/guide\/guide\.css">/, path)
    pages.set(path, html)
    for (const [, link] of html.matchAll(/href="(\/docs\/guide[^"#]*)(?:#[^"]*)?"/g)) {
      if (seen.has(link) || link.endsWith('.css')) continue
      seen.add(link)
      if (!ahead.includes(link)) ahead.push(link)
    }
  }
  assert.ok(pages.size > 25, `${pages.size} pages`)
  for (const [path, html] of pages) {
    for (const [, link, name] of html.matchAll(/href="(\/docs\/guide[^"#]*|)#([^"]+)"/g)) {
      assert.ok(pages.get(link || path)?.includes(`id="${decodeURIComponent(name)}"`), `${path}: ${link}#${name}`)
    }
  }
  const style = await fetch(at('/docs/guide/guide.css'))
  assert.match(style.headers.get('content-type') ?? '', /^text\/css/)
})

test('every API it lists has a document', async () => {
  const apis = await (await fetch(at('/openapi/index.json'))).json()
  assert.ok(apis.length > 0)
  for (const api of apis) {
    const document = await (await fetch(at(api.url))).json()
    assert.ok(document.openapi && Object.keys(document.paths).length > 0, api.name)
  }
  assert.equal((await (await fetch(at('/openapi/events.json'))).json()).asyncapi[0], '3')
})

test('an unknown call is refused in JSON, not with the client', async () => {
  const answer = await fetch(at('/api/v1/no-such-thing'))
  assert.equal(answer.status, 404)
  assert.match(answer.headers.get('content-type') ?? '', /json/)
})
