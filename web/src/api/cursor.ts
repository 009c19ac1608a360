/// How far this tab has heard, per stream. The server's cursor is `stream-seq` joined by dots, later
/// entries winning; a frame's position is one such entry.

export class Cursor {
  private readonly heard = new Map<string, number>()

  constructor(text = '') {
    this.take(text)
  }

  /// Adopts a whole cursor, or a single position. A stream never goes back.
  take(text: string | null | undefined): void {
    for (const entry of (text ?? '').split('.')) {
      const dash = entry.lastIndexOf('-')
      const seq = Number(entry.slice(dash + 1))
      if (dash < 1 || !Number.isSafeInteger(seq)) continue
      const stream = entry.slice(0, dash)
      if (seq >= (this.heard.get(stream) ?? -1)) this.heard.set(stream, seq)
    }
  }

  /// Whether the event at this position was handled before.
  has(position: string): boolean {
    const dash = position.lastIndexOf('-')
    return Number(position.slice(dash + 1)) <= (this.heard.get(position.slice(0, dash)) ?? -1)
  }

  toString(): string {
    return [...this.heard].map(([stream, seq]) => `${stream}-${seq}`).join('.')
  }
}
