// The package as its users get it: packed, installed into a fresh Vite application, type-checked and built.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const web = new URL('../../', import.meta.url).pathname

/// The folder of an application with the package installed.
export function install() {
  if (!existsSync(join(web, 'package/dist/index.js'))) throw new Error('run `npm run build:package` first')
  const app = mkdtempSync(join(tmpdir(), 'besedka-app-'))
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', app], { cwd: join(web, 'package'), encoding: 'utf8' }))
  cpSync(join(web, 'package/examples/react'), app, { recursive: true })
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'fresh', private: true, type: 'module' }))
  // The package itself comes from the archive; what the application brings along is borrowed from here.
  execFileSync('npm', ['install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', `./${filename}`], { cwd: app, stdio: 'pipe' })
  mkdirSync(join(app, 'node_modules/@types'), { recursive: true })
  for (const name of ['react', 'react-dom', 'scheduler', 'csstype', 'vite', 'typescript', '@types/react', '@types/react-dom', '@types/node']) {
    if (existsSync(join(web, 'node_modules', name))) symlinkSync(join(web, 'node_modules', name), join(app, 'node_modules', name))
  }
  return app
}

export const check = (app) => execFileSync(join(web, 'node_modules/.bin/tsc'), ['-p', app], { cwd: app, encoding: 'utf8' })
export const build = (app) => execFileSync(join(web, 'node_modules/.bin/vite'), ['build', '--logLevel', 'error'], { cwd: app, encoding: 'utf8' })
