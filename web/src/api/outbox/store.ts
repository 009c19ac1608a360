/// Outbox storage: IndexedDB, so that closing the tab loses nothing, or memory where it is not available.

import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Entry } from './entry'

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

export function openOutbox(name = 'besedka'): OutboxStore {
  const memory = new Map<string, Entry>()
  let opened: Promise<IDBPDatabase<Schema> | null> | undefined
  const open = () => (opened ??= openDB<Schema>(name, 1, {
    upgrade: (db) => void db.createObjectStore('outbox', { keyPath: 'client_id' }),
  }).catch(() => null))

  return {
    async all() {
      const db = await open()
      return db ? db.getAll('outbox') : [...memory.values()]
    },
    async put(entry) {
      const db = await open()
      if (db) await db.put('outbox', entry)
      else memory.set(entry.client_id, entry)
    },
    async change(id, edit) {
      const db = await open()
      if (!db) {
        const entry = memory.get(id)
        if (entry) memory.set(id, { ...entry, ...edit })
        return
      }
      const tx = db.transaction('outbox', 'readwrite')
      const entry = await tx.store.get(id)
      if (entry) await tx.store.put({ ...entry, ...edit })
      await tx.done
    },
    async remove(id) {
      const db = await open()
      if (db) await db.delete('outbox', id)
      else memory.delete(id)
    },
  }
}
