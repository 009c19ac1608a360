/// A list that is being fetched may be answered from before an event that arrives meanwhile. What
/// events say during a fetch is noted here and laid over the answer, so that nothing is lost.

export class Inflight<T> {
  private readonly open = new Map<string | number, Set<Map<number, T | null>>>()

  /// Tells every running fetch of this list what an event said about one of its items; null: it is gone.
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
