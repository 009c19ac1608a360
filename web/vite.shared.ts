/// What the builds of the client, the package and the widget share.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, URL } from 'node:url'
import type { Plugin } from 'vite'

export const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/// sonner adds a <style> element when it is imported, which our policy (`style-src 'self'`) refuses.
/// The same rules come from its own stylesheet, imported in main.tsx.
export function quietSonner(): Plugin {
  return {
    name: 'besedka:quiet-sonner',
    enforce: 'pre',
    transform(code, id) {
      if (!/sonner[\\/]dist[\\/]index\.m?js/.test(id)) return null
      const quiet = code.replace(/^__insertCSS\(.*\);?$/m, '')
      if (quiet === code) this.error('sonner no longer adds its styles the way this plugin removes them')
      return { code: quiet, map: null }
    },
  }
}

/// The names of the languages in `src/locales`, each in itself: a language is added by its file alone.
export const languages = Object.fromEntries(readdirSync(at('src/locales')).filter((file) => file.endsWith('.json')).sort((a) => (a === 'ru.json' ? -1 : 0)).map((file) => {
  const { language } = JSON.parse(readFileSync(at(`src/locales/${file}`), 'utf8')) as { language: string }
  return [file.replace('.json', ''), language]
}))
