/// Builds the client and, where they are written, the documentation pages.
import { existsSync } from 'node:fs'
import { fileURLToPath, URL } from 'node:url'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/// The server beside which the client is developed.
const target = process.env.BESEDKA_URL ?? 'http://127.0.0.1:8000'

const pages = ['index.html', 'docs/index.html', 'docs/events/index.html'].filter((page) => existsSync(at(page)))

/// sonner adds a <style> element when it is imported, which our policy (`style-src 'self'`) refuses.
/// The same rules come from its own stylesheet, imported in main.tsx.
function quietSonner(): Plugin {
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

export default defineConfig({
  base: '/',
  plugins: [quietSonner(), react()],
  resolve: { alias: { '@': at('src') } },
  optimizeDeps: { exclude: ['sonner'] },
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    // A data: URL would need an exception in the policy for fonts and scripts; files need none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    target: 'es2022',
    rolldownOptions: { input: pages.map(at) },
  },
  server: {
    proxy: {
      '/api': { target, ws: true },
      '/ws': { target: target.replace(/^http/, 'ws'), ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
})
