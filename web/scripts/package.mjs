// Builds the package `besedka-react`: code, styles, the widget, and the types that its users see.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const web = new URL('../', import.meta.url).pathname
const run = (...args) => execFileSync('npx', args, { cwd: web, stdio: 'inherit' })

run('vite', 'build', '-c', 'vite.embed.config.ts')
run('vite', 'build', '-c', 'vite.embed.config.ts', '--mode', 'widget')
run('tsc', '-p', 'tsconfig.embed.json')

// Only the types of src/embed are public, and they stand by themselves.
const types = join(web, 'package/dist/types')
for (const name of readdirSync(types)) if (name !== 'embed') rmSync(join(types, name), { recursive: true })
for (const name of readdirSync(join(types, 'embed'))) {
  const code = readFileSync(join(types, 'embed', name), 'utf8')
  const foreign = /from '(@\/|\.\.\/)[^']*'/.exec(code)
  if (!foreign) continue
  const isPublic = !['NewConversationDialog.d.ts', 'inside.d.ts'].includes(name)
  if (isPublic) throw new Error(`${name} shows a type of the application: ${foreign[0]}`)
}
