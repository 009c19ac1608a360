import { expect, test } from 'vitest'
import { bundles, stage, type StagedFile } from './bundles'

const staged = (...files: [name: string, caption?: string][]): StagedFile[] =>
  files.map(([name, caption = '']) => ({ id: name, file: new File(['x'], name), caption }))
const sent = (files: StagedFile[], common = '') => bundles(files, common).map((one) => [one.files.map(({ name }) => name).join(), one.caption])

test('several files are one message with the common caption', () => {
  expect(sent(staged(['a'], ['b'], ['c']), ' Photos ')).toEqual([['a,b,c', 'Photos']])
  expect(sent(staged(['a'], ['b']))).toEqual([['a,b', null]])
})

test('a file with its own caption is a message of its own, and the order stays', () => {
  expect(sent(staged(['a'], ['b', 'B!'], ['c'], ['d']), 'all')).toEqual([['a', 'all'], ['b', 'B!'], ['c,d', null]])
  expect(sent(staged(['a', 'A!'], ['b']), 'all')).toEqual([['a', 'A!'], ['b', 'all']])
})

test('where every file has its own caption, the text is a message before them', () => {
  expect(sent(staged(['a', 'A!'], ['b', 'B!']), 'all')).toEqual([['', 'all'], ['a', 'A!'], ['b', 'B!']])
})

test('a caption that was written while there were more files does not split the last one from the text', () => {
  expect(sent(staged(['a', 'A!']), 'text')).toEqual([['a', 'text']])
})

test('more than ten files are several messages', () => {
  const many = staged(...Array.from({ length: 23 }, (_, at): [string] => [String(at)]))
  expect(bundles(many, '').map(({ files }) => files.length)).toEqual([10, 10, 3])
})

test('an empty file is not staged, and two of the same name are two', () => {
  const files = stage([], [new File([], 'empty'), new File(['1'], 'image.png'), new File(['2'], 'image.png')])
  expect(files.map(({ file }) => file.name)).toEqual(['image.png', 'image.png'])
  expect(new Set(files.map(({ id }) => id)).size).toBe(2)
})
