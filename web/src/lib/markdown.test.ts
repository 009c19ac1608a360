import { expect, test } from 'vitest'
import { inline, isOnlyEmoji, parse, withoutMarks } from './markdown'

const text = (said: string) => ({ kind: 'text', text: said })

test('bold, italic, struck out, hidden and code', () => {
  expect(inline('**a** *b* _c_ ~~d~~ ||e|| `f`').filter(({ kind }) => kind !== 'text').map(({ kind }) => kind))
    .toEqual(['bold', 'italic', 'italic', 'strike', 'spoiler', 'code'])
  expect(inline('**a *b***')).toEqual([{ kind: 'bold', children: [text('a '), { kind: 'italic', children: [text('b')] }] }])
})

test.each(['2*3*4', 'snake_case_name', '* alone', '**', 'a ** b ** c', '`open', '[x](javascript:alert(1))', 'a_b_'])('%s stays as it is', (said) => {
  expect(inline(said)).toEqual([text(said)])
})

test('code keeps its marks, mentions and addresses', () => {
  expect(inline('`**a** @anna https://example.org`')).toEqual([{ kind: 'code', text: '**a** @anna https://example.org' }])
  expect(parse('```rust\nlet a = "@anna";\n\n  b\n```')).toEqual([{ kind: 'code', language: 'rust', text: 'let a = "@anna";\n\n  b' }])
})

test('a fence that is not closed is text', () => {
  expect(parse('```\nhello')).toEqual([{ kind: 'paragraph', children: [text('```\nhello')] }])
})

test('an address is no emphasis, a named one shows its name', () => {
  expect(inline('see https://example.org/a_b_c.')).toEqual([text('see '), { kind: 'link', url: 'https://example.org/a_b_c', children: [text('https://example.org/a_b_c')] }, text('.')])
  expect(inline('[menu](https://example.org/(a))')).toEqual([{ kind: 'link', url: 'https://example.org/(a)', children: [text('menu')] }])
})

test('a mention is a name after a space or a mark, not a part of an address', () => {
  expect(inline('@anna, @a.b-c. **@olga** anna@example.org').filter(({ kind }) => kind === 'mention')).toEqual([
    { kind: 'mention', name: 'anna' }, { kind: 'mention', name: 'a.b-c' },
  ])
  expect(inline('_@olga_ look')[0]).toEqual({ kind: 'italic', children: [{ kind: 'mention', name: 'olga' }] })
})

test('lists, quotes and headings are blocks', () => {
  expect(parse('# Plan\n- a\n- b\n\n3. c\n> said\n> > before\nend').map(({ kind }) => kind)).toEqual(['heading', 'list', 'list', 'quote', 'paragraph'])
  expect(parse('3. c')[0]).toMatchObject({ ordered: true, start: 3 })
  expect(parse('- 5')).toMatchObject([{ kind: 'list', items: [[text('5')]] }])
})

test('deep nesting and long texts end', () => {
  expect(parse('>'.repeat(2_000) + ' x')).toHaveLength(1)
  const started = performance.now()
  parse('*_'.repeat(8_000))
  parse('['.repeat(16_000))
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('only emoji', () => {
  expect(['👍', '👩‍👩‍👧‍👦', '🇰🇬 🎉', '❤️'].every(isOnlyEmoji)).toBe(true)
  expect(['', '5', 'a👍', '👍👍👍👍'].some(isOnlyEmoji)).toBe(false)
})

test('a text without its marks', () => {
  expect(withoutMarks('**Hi** @anna,\n- `a`\n- ||b||')).toBe('Hi @anna, a, ▒▒▒')
})
