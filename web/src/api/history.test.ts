import { expect, test } from 'vitest'
import { message } from './fixtures'
import { append, change, drop, edited, ending, MOST_LOADED, tombstone, withNewer, withOlder, type History } from './history'

const PAGE = 50
const ids = (items: { id: number }[] | undefined) => items && [items.at(0)?.id, items.at(-1)?.id, items.length]
const some = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => message(first + n))
const full = (): History => ({ items: some(5_001, 5_000 + MOST_LOADED), hasOlder: true, hasNewer: false })

test('as one scrolls back, the newest messages make way for older ones, but the last of them are kept', () => {
  const history = withOlder(full(), some(4_951, 5_000), PAGE)
  expect(ids(history.items)).toEqual([4_951, 5_950, MOST_LOADED])
  expect(history).toMatchObject({ hasOlder: true, hasNewer: true })
  expect(ids(history.newest)).toEqual([5_951, 6_000, PAGE])
  const older = withOlder(history, some(4_901, 4_950), PAGE)
  expect(ids(older.items)).toEqual([4_901, 5_900, MOST_LOADED])
  expect(ids(older.newest)).toEqual([5_951, 6_000, PAGE])
})

test('as one scrolls forward, the oldest messages make way, and at the end nothing is kept twice', () => {
  const back = withOlder(full(), some(4_951, 5_000), PAGE)
  const forward = withNewer(back, some(5_951, 6_000), PAGE)
  expect(ids(forward.items)).toEqual([5_001, 6_000, MOST_LOADED])
  expect(forward).toMatchObject({ hasOlder: true, hasNewer: true })
  const end = withNewer(forward, some(6_001, 6_010), PAGE)
  expect(ids(end.items)).toEqual([5_011, 6_010, MOST_LOADED])
  expect(end).toMatchObject({ hasOlder: true, hasNewer: false, newest: undefined })
})

test('around a message that was jumped to, the newest messages are not known', () => {
  const history = withOlder({ ...full(), hasNewer: true }, some(4_951, 5_000), PAGE)
  expect(history.newest).toBeUndefined()
})

test('what happens reaches the newest messages that are kept', () => {
  let history = withOlder(full(), some(4_951, 5_000), PAGE)
  history = edited(history, (one) => append(one, message(6_001)))
  expect(ids(history.items)).toEqual([4_951, 5_950, MOST_LOADED])
  expect(ids(history.newest)).toEqual([5_952, 6_001, PAGE])
  history = edited(history, (one) => change(one, 6_001, tombstone))
  expect(history.newest!.at(-1)).toMatchObject({ id: 6_001, deleted: true })
  history = edited(history, (one) => drop(one, 6_001))
  expect(ids(history.newest)).toEqual([5_952, 6_000, PAGE - 1])
  expect(ending(history.newest!)).toMatchObject({ hasOlder: true, hasNewer: false })
})
