// Puts a gzip beside the texts of the build, so that the server has nothing to compress. Of scripts and styles the binary
// embeds nothing else.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url).pathname

for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|html|svg|json|webmanifest)$/.test(name)) continue
  const plain = readFileSync(join(dist, name))
  const packed = gzipSync(plain, { level: 9 })
  if (/\.(js|css)$/.test(name) || packed.length < plain.length * 0.9) writeFileSync(join(dist, `${name}.gz`), packed)
}
