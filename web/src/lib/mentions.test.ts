import { expect, test } from 'vitest'
import cases from '../../../tests/cases/mentions.json'
import { parse, type Block, type Inline } from './markdown'
import { everybodyIn, readings } from './mentions'

const named = (parts: Inline[]): string[] =>
  parts.flatMap((part) => part.kind === 'mention' ? [part.name] : 'children' in part ? named(part.children) : [])
const mentions = (block: Block): string[] =>
  block.kind === 'code' ? [] : block.kind === 'list' ? block.items.flatMap(named)
    : block.kind === 'quote' ? block.children.flatMap(mentions) : named(block.children)

/// The server's tests read the same file.
test.each(cases as { text: string; mentions: string[][]; everybody?: boolean }[])('$text', (one) => {
  const found = parse(one.text).flatMap(mentions)
  expect(found.some((name) => everybodyIn(name) !== null)).toBe(one.everybody ?? false)
  const people = found.filter((name) => everybodyIn(name) === null)
  expect(people.map((name) => readings(name).map((reading) => reading.toLocaleLowerCase()))).toEqual(one.mentions)
})
