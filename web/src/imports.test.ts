import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path)).map((path) => join('src', path))

/// The files of src that a file imports: values, types, and what is loaded later.
function importsOf(path: string): string[] {
  const code = readFileSync(path, 'utf8')
  return [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'((?:@\/|\.)[^']*)'/g)].flatMap(([, name]) => {
    const target = name!.startsWith('@/') ? join('src', name!.slice(2)) : join(dirname(path), name!)
    return [target, `${target}.ts`, `${target}.tsx`, join(target, 'index.ts')].filter((one) => /\.tsx?$/.test(one) && existsSync(one))
  })
}

/// The first circle that a walk along the arrows runs into.
function circle(arrows: Map<string, string[]>): string[] {
  const done = new Set<string>()
  const walk = (path: string[]): string[] => {
    const here = path.at(-1)!
    if (path.indexOf(here) < path.length - 1) return path.slice(path.indexOf(here))
    if (done.has(here)) return []
    for (const next of arrows.get(here) ?? []) {
      const found = walk([...path, next])
      if (found.length > 0) return found
    }
    done.add(here)
    return []
  }
  for (const start of arrows.keys()) {
    const found = walk([start])
    if (found.length > 0) return found
  }
  return []
}

test('no file imports itself by way of others', () => {
  const arrows = new Map(sources.map((path) => [path, importsOf(path)]))
  expect(arrows.get(join('src', 'app', 'App.tsx'))).toContain(join('src', 'app', 'Shell.tsx'))
  expect(circle(arrows)).toEqual([])
})
