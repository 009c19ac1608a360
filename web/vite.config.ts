/// Builds the client and, where they are written, the documentation pages.
import { existsSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { at, languages, quietSonner } from './vite.shared.ts'

/// The server that the development server passes calls to.
const server = process.env.BESEDKA_URL ?? 'http://127.0.0.1:8000'

const pages = ['index.html', 'docs/index.html', 'docs/events/index.html'].filter((page) => existsSync(at(page)))

export default defineConfig({
  define: { __LANGUAGES__: JSON.stringify(languages) },
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
      '/api': { target: server, ws: true },
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['{src,docs}/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    // A busy machine takes seconds to load a module.
    testTimeout: 30_000,
  },
})
