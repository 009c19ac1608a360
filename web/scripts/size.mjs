// What the first page load costs a signed-in reader in JavaScript: the entry, the messenger that it
// loads next, and everything they import statically.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const LIMIT_KB = 160
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))

const files = new Set()
const visit = (name) => {
  const chunk = manifest[name]
  if (!chunk || files.has(chunk.file)) return
  files.add(chunk.file)
  for (const next of chunk.imports ?? []) visit(next)
}
visit('index.html')
visit('src/app/ChatContainer.tsx')

let total = 0
for (const file of files) total += gzipSync(readFileSync(new URL(file, dist))).length
const kb = total / 1000
console.log(`first load: ${kb.toFixed(1)} KB of gzipped JavaScript in ${files.size} files (limit ${LIMIT_KB} KB)`)
if (files.size === 0 || kb > LIMIT_KB) process.exit(1)
