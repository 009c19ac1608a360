// node deploy/release/parts.mjs TARGET SBOM LICENCES: what the binary consists of, as a CycloneDX document, and the
// licences of all its parts with their texts. Both come from the lock files and from the sources of the parts.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const [target, sbom, licences] = process.argv.slice(2)
const root = new URL('../..', import.meta.url).pathname
const time = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
const byRef = (a, b) => (a.ref < b.ref ? -1 : 1)

/** The files of a package that tell its licence, with their texts. */
function texts(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice|copyright|unlicense)/i.test(file) && statSync(join(folder, file)).isFile())
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim())
}

/** The crates that are linked into the binary, from Cargo's own graph. */
function crates() {
  const asked = ['metadata', '--format-version', '1', '--locked', '--offline', '--filter-platform', target]
  const metadata = JSON.parse(execFileSync('cargo', asked, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }))
  const packages = new Map(metadata.packages.map((one) => [one.id, one]))
  const nodes = new Map(metadata.resolve.nodes.map((one) => [one.id, one]))
  const linked = (node) => node.deps.filter(({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind === null)).map(({ pkg }) => pkg)
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8')
  const checksums = new Map([...lock.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"/g)]
    .map(([, name, version, checksum]) => [`${name} ${version}`, checksum]))
  const main = metadata.packages.find(({ name, source }) => name === 'besedka' && source === null)
  const found = new Set([main.id])
  // A set is walked while it grows.
  for (const id of found) for (const dep of linked(nodes.get(id))) found.add(dep)
  const ref = (id) => `pkg:cargo/${packages.get(id).name}@${packages.get(id).version}`
  const own = ({ source }) => source === null
  return [...found].map((id) => {
    const one = packages.get(id)
    // Old manifests write MIT/Apache-2.0.
    const licence = (one.license ?? '').replace(/ ?\/ ?/g, ' OR ') || null
    const folder = dirname(one.manifest_path)
    return {
      ref: ref(id), name: one.name, version: one.version, licence, checksum: checksums.get(`${one.name} ${one.version}`) ?? null,
      deps: [...new Set(linked(nodes.get(id)).map(ref))].sort(), texts: own(one) ? [] : texts(folder), isMain: id === main.id, isOwn: own(one),
    }
  }).sort(byRef)
}

/** The packages that the web client is built from. Tools that only build it are left out. */
function modules() {
  const lock = JSON.parse(readFileSync(join(root, 'web/package-lock.json'), 'utf8'))
  const ref = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`
  return Object.entries(lock.packages)
    .filter(([path, one]) => path && !one.dev && !one.optional && !one.peer && !one.link)
    .map(([path, one]) => {
      const name = path.replace(/^.*node_modules\//, '')
      const integrity = one.integrity?.startsWith('sha512-') ? Buffer.from(one.integrity.slice(7), 'base64').toString('hex') : null
      return {
        ref: ref(name, one.version), name, version: one.version, licence: one.license ?? null, checksum: integrity,
        deps: [], texts: texts(join(root, 'web', path)), isMain: false, isOwn: false,
      }
    })
    .sort(byRef)
}

const parts = [...crates(), ...modules()]
const main = parts.find(({ isMain }) => isMain)
const nameless = parts.filter(({ licence, texts }) => licence === null && texts.length === 0)
if (nameless.length > 0) throw new Error(`without a licence: ${nameless.map(({ ref }) => ref).join(', ')}`)

const component = (part) => ({
  type: part.isMain ? 'application' : 'library',
  'bom-ref': part.ref,
  name: part.name,
  version: part.version,
  ...(part.checksum && { hashes: [{ alg: part.checksum.length === 64 ? 'SHA-256' : 'SHA-512', content: part.checksum }] }),
  ...(part.licence && { licenses: [{ expression: part.licence }] }),
  purl: part.ref,
})
const clientParts = modules().map(({ ref }) => ref)
const document = {
  $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { timestamp: time, component: component(main), properties: [{ name: 'besedka:target', value: target }] },
  components: parts.filter((part) => !part.isMain).map(component),
  dependencies: parts.map((part) => ({ ref: part.ref, dependsOn: part.isMain ? [...part.deps, ...clientParts] : part.deps })),
}
const digest = createHash('sha256').update(JSON.stringify(document)).digest('hex')
const uuid = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`
writeFileSync(sbom, `${JSON.stringify({ ...document, serialNumber: `urn:uuid:${uuid}` }, null, 1)}\n`)

// Each text once, with all parts that come under it.
const others = parts.filter(({ isOwn }) => !isOwn)
const byText = new Map()
for (const part of others) for (const text of part.texts) byText.set(text, [...(byText.get(text) ?? []), `${part.name} ${part.version}`])
const list = others.map(({ name, version, licence }) => `${name} ${version}: ${licence ?? 'see its text below'}`)
const rule = '-'.repeat(80)
writeFileSync(licences, [
  `Besedka ${main.version} is licensed under ${main.licence}. It contains these parts:`, '', ...list, '',
  'Their licences:', ...[...byText].map(([text, names]) => `\n${rule}\n${[...new Set(names)].join(', ')}\n${rule}\n\n${text}`), '',
].join('\n'))
