/// The offline copy in IndexedDB: one account's chats and the newest messages of the chats it opened.

import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Chat, Member, Message, User } from '../types'

export const MOST_CHATS = 200
export const MOST_HISTORIES = 60
export const MOST_MESSAGES = 50
const MOST_MEMBERS = 200
/// A browser may leave the opening of a database unanswered, for instance while another tab blocks it.
const OPEN_MS = 3_000

/// Who the copy belongs to, and when it was last known to be current.
export interface Owner {
  me: User
  at: number
  /// The chats whose copied messages were current then too.
  current: number[]
}

export interface HistoryCopy {
  chat: number
  at: number
  items: Message[]
  hasOlder: boolean
  members: Member[] | null
}

interface Schema extends DBSchema {
  account: { key: string; value: Owner | Chat[] }
  histories: { key: number; value: HistoryCopy; indexes: { at: number } }
}

/// Whether there is a copy: kept by the browser, or not, and why.
export type Room = 'kept' | 'missing' | 'full'

export interface OfflineStore {
  owner: () => Promise<Owner | null>
  chats: () => Promise<Chat[]>
  history: (chat: number) => Promise<HistoryCopy | null>
  setOwner: (owner: Owner) => Promise<void>
  setChats: (chats: Chat[]) => Promise<void>
  setHistory: (copy: HistoryCopy) => Promise<void>
  removeHistory: (chat: number) => Promise<void>
  clear: () => Promise<void>
}

type Database = IDBPDatabase<Schema>

export function openOffline(name: string, onRoom: (room: Room) => void = () => undefined): OfflineStore {
  let opened: Promise<Database | null> | undefined
  let full = false
  // A browser that forbids IndexedDB throws at once; one that fails later rejects.
  const attempt = async () => openDB<Schema>(name, 1, {
    upgrade: (db) => {
      db.createObjectStore('account')
      db.createObjectStore('histories', { keyPath: 'chat' }).createIndex('at', 'at')
    },
    // Another tab removes or upgrades the database.
    blocking: (_, __, event) => {
      (event.target as IDBDatabase).close()
      opened = undefined
    },
    terminated: () => { opened = undefined },
  })
  const begin = () => {
    const asked = attempt()
    return within(OPEN_MS, asked).catch(() => {
      onRoom('missing')
      // On a slow computer the answer comes late: there is a copy from then on.
      asked.then((db) => {
        opened = Promise.resolve(db)
        onRoom('kept')
      }, () => undefined)
      return null
    })
  }
  const open = () => (opened ??= begin())

  /// What cannot be read counts as not there.
  const read = async <T>(none: T, work: (db: Database) => Promise<T | undefined>): Promise<T> => {
    const db = await open()
    try {
      return (db && (await work(db))) ?? none
    } catch {
      return none
    }
  }
  /// Writes; without room once more after the older half of the histories made way.
  const write = async (work: (db: Database) => Promise<unknown>): Promise<void> => {
    const db = await open()
    if (!db || full) return
    try {
      await work(db)
    } catch {
      try {
        await trim(db, Math.floor((await db.count('histories')) / 2))
        await work(db)
      } catch {
        full = true
        onRoom('full')
      }
    }
  }

  return {
    owner: () => read(null, (db) => db.get('account', 'owner') as Promise<Owner | undefined>),
    chats: () => read([], (db) => db.get('account', 'chats') as Promise<Chat[] | undefined>),
    history: (chat) => read(null, (db) => db.get('histories', chat)),
    setOwner: (owner) => write(async (db) => {
      const before = (await db.get('account', 'owner')) as Owner | undefined
      // One account at a time: what the former one saw goes before anything of the next is kept.
      if (before && before.me.id !== owner.me.id) await empty(db)
      await db.put('account', owner, 'owner')
    }),
    setChats: (chats) => write((db) => db.put('account', newest(chats), 'chats')),
    setHistory: (copy) => write(async (db) => {
      const { members } = copy
      const bounded = { ...copy, members: members && members.length <= MOST_MEMBERS ? members : null }
      await db.put('histories', cut(bounded))
      await trim(db, MOST_HISTORIES)
    }),
    removeHistory: (chat) => write((db) => db.delete('histories', chat)),
    clear: async () => {
      const db = await open()
      if (db) await empty(db).catch(() => undefined)
      full = false
    },
  }
}

const activity = (chat: Chat) => chat.last_message?.ts ?? chat.created_at

const newest = (chats: Chat[]) =>
  chats.length <= MOST_CHATS ? chats : [...chats].sort((a, b) => (activity(a) < activity(b) ? 1 : -1)).slice(0, MOST_CHATS)

function cut(copy: HistoryCopy): HistoryCopy {
  if (copy.items.length <= MOST_MESSAGES) return copy
  return { ...copy, items: copy.items.slice(-MOST_MESSAGES), hasOlder: true }
}

async function empty(db: Database): Promise<void> {
  const tx = db.transaction(['account', 'histories'], 'readwrite')
  await Promise.all([tx.objectStore('account').clear(), tx.objectStore('histories').clear(), tx.done])
}

/// Leaves so many histories, those that were written last.
async function trim(db: Database, most: number): Promise<void> {
  const tx = db.transaction('histories', 'readwrite')
  const keys = await tx.store.index('at').getAllKeys()
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await tx.store.delete(key)
  await tx.done
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
