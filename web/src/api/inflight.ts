/// The answer to a fetch may be older than an event that arrives meanwhile. Events during a fetch are
/// recorded here and applied to its answer, so that none is lost.

export class Inflight<T> {
  private readonly open = new Map<string | number, Set<Map<number, T | null>>>()

  /// Records an item's new state (null: removed) for every running fetch of this list.
  note(list: string | number, id: number, item: T | null): void {
    for (const notes of this.open.get(list) ?? []) notes.set(id, item)
  }

  async during<R>(list: string | number, fetch: () => Promise<R>): Promise<{ answer: R; notes: Map<number, T | null> }> {
    const notes = new Map<number, T | null>()
    const running = this.open.get(list) ?? new Set()
    this.open.set(list, running.add(notes))
    try {
      return { answer: await fetch(), notes }
    } finally {
      running.delete(notes)
      if (running.size === 0) this.open.delete(list)
    }
  }
}
