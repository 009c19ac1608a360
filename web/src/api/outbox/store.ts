/// Outbox storage: IndexedDB, so that closing the tab loses nothing, or memory where it is missing or full.

import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { stored, type Entry } from './entry'

interface Schema extends DBSchema {
  outbox: { key: string; value: Entry }
}

export interface OutboxStore {
  all: () => Promise<Entry[]>
  put: (entry: Entry) => Promise<void>
  /// Changes an entry unless it was removed meanwhile.
  change: (id: string, edit: Partial<Entry>) => Promise<void>
  remove: (id: string) => Promise<void>
}

/// Where entries are: kept by the browser, or only in memory, and why.
export type Storage = 'kept' | 'missing' | 'full'

export function openOutbox(name = 'besedka', onStorage: (storage: Storage) => void = () => undefined): OutboxStore {
  const memory = new Map<string, Entry>()
  let opened: Promise<IDBPDatabase<Schema> | null> | undefined
  // A browser that forbids IndexedDB throws at once; one that fails later rejects.
  const attempt = async () => openDB<Schema>(name, 1, {
    upgrade: (db) => void db.createObjectStore('outbox', { keyPath: 'client_id' }),
  })
  const open = () => (opened ??= attempt().catch(() => {
    onStorage('missing')
    return null
  }))
  /// Writes an entry; one that the browser has no room for stays in memory.
  const write = async (db: IDBPDatabase<Schema> | null, entry: Entry) => {
    try {
      if (!db) throw new Error('there is no IndexedDB')
      await db.put('outbox', entry)
      memory.delete(entry.client_id)
    } catch {
      memory.set(entry.client_id, entry)
      if (db) onStorage('full')
    }
  }

  return {
    async all() {
      const db = await open()
      const kept = db ? await db.getAll('outbox').catch(() => []) : []
      return [...kept.filter((entry) => !memory.has(entry.client_id)).map(stored), ...memory.values()]
    },
    async put(entry) {
      await write(await open(), entry)
    },
    async change(id, edit) {
      const db = await open()
      const held = memory.get(id)
      if (held || !db) {
        if (held) memory.set(id, { ...held, ...edit })
        return
      }
      const tx = db.transaction('outbox', 'readwrite')
      const entry = await tx.store.get(id)
      if (entry) await tx.store.put({ ...entry, ...edit })
      await tx.done
    },
    async remove(id) {
      const db = await open()
      memory.delete(id)
      await db?.delete('outbox', id)
      if (db && memory.size === 0) onStorage('kept')
    },
  }
}
