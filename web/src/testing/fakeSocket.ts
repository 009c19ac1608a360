/// A socket whose server the test is.

import type { Frame } from '@/api/types'

export class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  sent: { event: string; data?: { token: string; cursor?: string } }[] = []
  onopen?: () => Promise<void>
  onmessage?: (event: { data: string }) => void
  onclose?: ((event: { code: number; reason: string }) => void) | null
  constructor() { FakeSocket.all.push(this) }
  send(text: string) { this.sent.push(JSON.parse(text)) }
  close(code = 1005) { this.end(code) }
  async accept() { this.readyState = 1; await this.onopen?.() }
  say(frame: Frame) { this.onmessage?.({ data: JSON.stringify(frame) }) }
  end(code: number, reason = '') { this.readyState = 3; this.onclose?.({ code, reason }) }
}
