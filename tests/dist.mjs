// node tests/dist.mjs SBOM LICENCES: do the documents in an archive name everything that is in the binary?
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const root = new URL('..', import.meta.url).pathname
const bom = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const licences = readFileSync(process.argv[3], 'utf8')

assert.equal(bom.bomFormat, 'CycloneDX')
assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
assert.equal(bom.metadata.component.name, 'besedka')
const refs = new Set([bom.metadata.component['bom-ref'], ...bom.components.map((one) => one['bom-ref'])])
assert.equal(refs.size, bom.components.length + 1, 'each part once')
for (const { ref, dependsOn } of bom.dependencies) {
  assert.ok(refs.has(ref), ref)
  for (const dep of dependsOn) assert.ok(refs.has(dep), `${ref} needs ${dep}`)
}
for (const one of bom.components) {
  assert.ok(one.version && one.purl, one.name)
  if (!one.name.startsWith('besedka')) assert.ok(one.hashes?.[0].content, `${one.name} has a checksum`)
  if (!one.name.startsWith('besedka')) assert.ok(licences.includes(`\n${one.name} ${one.version}: `), `${one.name} is in LICENSES.txt`)
}

// By another way than the packing script: what Cargo prints as a tree.
const asked = ['tree', '--edges', 'normal', '--prefix', 'none', '--format', '{p}', '--locked', '--offline']
const tree = execFileSync('cargo', asked, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
const linked = new Set(tree.split('\n').map((line) => line.match(/^(\S+) v(\S+)/)).filter(Boolean).map(([, name, version]) => `pkg:cargo/${name}@${version}`))
assert.ok(linked.size > 100)
const missing = [...linked].filter((ref) => !refs.has(ref))
assert.deepEqual(missing, [], 'crates that are not in the list of parts')
for (const name of ['react', 'react-dom', '@tanstack/react-query']) assert.ok(bom.components.some((one) => one.name === name), name)
for (const sentence of ['Permission is hereby granted, free of charge', 'Mozilla Public License', 'Apache License']) assert.ok(licences.includes(sentence), sentence)
console.log(`${refs.size} parts, ${linked.size} of them crates`)
