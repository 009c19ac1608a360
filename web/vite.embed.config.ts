/// Builds the package `besedka-react` into package/dist: `vite build -c vite.embed.config.ts`, and with
/// `--mode widget` the script that puts a chat on a page without React.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { at, languages, quietSonner } from './vite.shared.ts'

export default defineConfig(({ mode }) => {
  const widget = mode === 'widget'
  return {
    plugins: [quietSonner(), react()],
    define: { __LANGUAGES__: JSON.stringify(languages), ...(widget && { 'process.env.NODE_ENV': '"production"' }) },
    resolve: { alias: { '@': at('src') } },
    publicDir: false,
    build: {
      outDir: 'package/dist',
      emptyOutDir: !widget,
      target: 'es2022',
      cssCodeSplit: false,
      lib: widget
        ? { entry: at('src/embed/widgetScript.ts'), formats: ['iife'], name: 'BesedkaWidget', fileName: () => 'widget.js', cssFileName: 'widget' }
        : { entry: at('src/embed/index.ts'), formats: ['es'], fileName: 'index', cssFileName: 'style' },
      rolldownOptions: {
        external: widget ? [] : [/^react($|\/)/, /^react-dom($|\/)/],
        output: widget ? { codeSplitting: false } : { chunkFileNames: 'parts/[name]-[hash].js' },
      },
    },
  }
})
