// node tests/commands.mjs BINARY: does the program take every command that the documentation tells to type?
// Each is called with --help at its end, which it answers after it has read what stands before.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const binary = process.argv[2]
const root = new URL('..', import.meta.url).pathname
const listed = ['ls-files', '--cached', '--others', '--exclude-standard', 'README.md', 'docs/*.md']
const pages = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).trim().split('\n')
// Programs whose arguments may be the word besedka.
const OTHERS = /^(sudo )?(alias|\.\/install\.sh|make|systemctl|journalctl|docker|install|cp|chown|tar|mkdir|mv|rm|echo)\b/

/** The arguments in a line of shell that calls besedka, or nothing. */
function argumentsIn(line) {
  const typed = line.replace(/ #.*/, '').trim()
  // An alias that docs/run/accounts.md tells to make.
  const aliased = typed.match(/^besedka-cli( .*)$/)
  if (aliased) return aliased[1]
  const found = OTHERS.test(typed) ? null : typed.match(/^(?:.*[ /])?besedka((?: .*)?)$/)
  // The end of what stands in quotes as a whole: sh -c '… besedka user list'.
  return found?.[1].split("'").length % 2 === 0 ? found[1].replace(/'$/, '') : found?.[1]
}

let count = 0
let wrong = 0
for (const page of pages) {
  const text = readFileSync(root + page, 'utf8')
  const blocks = [...text.matchAll(/^ *```sh\n(.*?)^ *```/gms)].flatMap(([, block]) => block.replace(/\\\n/g, ' ').split('\n'))
  const inline = [...text.replace(/```.*?```/gs, '').matchAll(/`(besedka [^`]+)`/g)].map(([, command]) => command)
  for (const line of [...blocks, ...inline]) {
    const follows = argumentsIn(line)
    if (follows === undefined) continue
    count += 1
    const options = { encoding: 'utf8', env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] }
    const run = spawnSync('sh', ['-c', `"$0" ${follows} --help`, binary], options)
    if (run.status === 0 && /Usage:|^besedka \d/.test(run.stdout)) continue
    wrong += 1
    console.error(`${page}: besedka${follows}\n${run.stderr || run.stdout}`)
  }
}
console.log(`${count} commands in ${pages.length} pages, ${wrong} are not taken`)
process.exit(wrong > 0 || count === 0 ? 1 : 0)
