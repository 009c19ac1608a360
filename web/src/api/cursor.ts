/// How far this tab has handled each stream's events. The server's cursor is `stream-seq` joined by dots, later
/// entries winning; an event's position is one such entry. Both are kept as the server wrote them.

export class Cursor {
  private readonly positions = new Map<string, string>()

  constructor(text = '') {
    this.take(text)
  }

  /// Adopts a whole cursor, or a single position. A stream never goes back.
  take(text: string | null | undefined): void {
    for (const entry of (text ?? '').split('.')) {
      if (!this.has(entry)) this.set(entry)
    }
  }

  /// Goes to a position, be it further back.
  set(position: string): void {
    const [stream, seq] = parts(position)
    if (stream && seq) this.positions.set(stream, seq)
  }

  /// Whether the event at this position was handled before.
  has(position: string): boolean {
    const [stream, seq] = parts(position)
    const handled = this.positions.get(stream)
    return handled !== undefined && !isAfter(seq, handled)
  }

  toString(): string {
    return [...this.positions].map(([stream, seq]) => `${stream}-${seq}`).join('.')
  }
}

function parts(position: string): [stream: string, seq: string] {
  const dash = position.lastIndexOf('-')
  return [position.slice(0, Math.max(dash, 0)), position.slice(dash + 1)]
}

/// Sequence numbers are base 36 (0-9a-z) without leading zeros: the longer is greater, and of two that are
/// equally long the one that is later in the order of characters.
function isAfter(seq: string, other: string): boolean {
  return seq.length === other.length ? seq > other : seq.length > other.length
}
