import { expect, test } from 'vitest'
import { linksIn } from './links'

const links = (text: string) => linksIn(text).map(({ url }) => url)

test.each([
  ['https://wiki.example.org/Mercury_(planet)', 'https://wiki.example.org/Mercury_(planet)'],
  ['HTTPS://Example.org/Menu', 'HTTPS://Example.org/Menu'],
  ['https://example.org/list?tags[]=a&tags[]=', 'https://example.org/list?tags[]=a&tags[]='],
  ['https://example.org/list?tag[0]', 'https://example.org/list?tag[0]'],
  ['(see https://example.org/a).', 'https://example.org/a'],
  ['«https://пример.рф/путь»', 'https://пример.рф/путь'],
  ['https://example.org/a, and', 'https://example.org/a'],
  ['**https://example.org/a**', 'https://example.org/a'],
  ['_https://example.org/a_b_', 'https://example.org/a_b'],
  ['||https://example.org/a||', 'https://example.org/a'],
  ['看https://example.org/a。然后', 'https://example.org/a'],
  ['看：https://example.org/a。然后', 'https://example.org/a'],
  ['（https://example.org/a）很好', 'https://example.org/a'],
  ['「https://example.org/a」', 'https://example.org/a'],
  ['http://[2001:db8::1]:8080/x]', 'http://[2001:db8::1]:8080/x'],
  ['https://example.org/a\u202egpj.exe', 'https://example.org/a'],
  ['https://example.org/?to=https://example.net/', 'https://example.org/?to=https://example.net/'],
])('%s', (text, url) => {
  expect(links(text)).toEqual([url])
})

test('what only looks like an address is no link', () => {
  expect(links('https:// http://. javascript:alert(1) xhttps://example.org')).toEqual([])
})
