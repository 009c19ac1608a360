/// The shell of the desktop app, by the commands of `desktop/src/commands.rs`.

import { Channel, invoke } from '@tauri-apps/api/core'
import type { Shell, Told } from './shell'

interface Start {
  requests: string
  site: string | null
  signedIn: boolean
  language: string
  languages: Record<string, Record<string, string>>
}

type Heard = { kind: 'open' } | { kind: 'text'; text: string } | { kind: 'closed'; code: number; reason: string }

export async function connectShell(): Promise<Shell> {
  const { requests, site, signedIn, language, languages } = await invoke<Start>('start')
  return {
    requests,
    site: site ?? '',
    language,
    added: languages,
    address: (url) => addressOf(requests, site ?? '', url),
    desktop: {
      isSignedIn: signedIn,
      openSocket: () => new ShellSocket() as unknown as WebSocket,
      notify: (notice) => invoke('notify', { notice }),
      setBadge: (unread) => invoke('badge', { unread }),
      save: (name, url) => invoke('save', { name, url }),
      saveText: (name, text) => invoke('save_text', { name, text }),
      setName: (name) => invoke('signed_in', { name }),
      listen: (listener) => {
        const channel = new Channel<Told>()
        channel.onmessage = listener
        return invoke('listen', { channel })
      },
      dropped: (id) => invoke('dropped', { id }),
    },
  }
}

/// An address as requests name it: the server's own by path, any other host's as a whole.
export function addressOf(requests: string, site: string, url: string): string {
  if (!/^https?:/i.test(url)) return url
  if (url === site || url.startsWith(`${site}/`)) return `${requests}${new URL(site).pathname.replace(/\/$/, '')}${url.slice(site.length)}`
  return `${requests}/~${encodeURIComponent(url)}`
}

let last = 0

/// As much of a WebSocket as `LiveSocket` uses. The shell opens the line; frames come through a channel.
class ShellSocket {
  readyState: number = WebSocket.CONNECTING
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  private readonly id = ++last

  constructor() {
    const channel = new Channel<Heard>()
    channel.onmessage = (heard) => this.hear(heard)
    invoke('socket_open', { id: this.id, channel }).catch((reason: unknown) => this.hear({ kind: 'closed', code: 1006, reason: String(reason) }))
  }

  send(text: string): void {
    if (this.readyState === WebSocket.OPEN) void invoke('socket_send', { id: this.id, text })
  }

  close(code = 1000): void {
    if (this.readyState >= WebSocket.CLOSING) return
    this.readyState = WebSocket.CLOSING
    void invoke('socket_close', { id: this.id, code })
  }

  private hear(heard: Heard): void {
    if (this.readyState === WebSocket.CLOSED) return
    if (heard.kind === 'open' && this.readyState === WebSocket.CONNECTING) {
      this.readyState = WebSocket.OPEN
      this.onopen?.()
    } else if (heard.kind === 'text' && this.readyState === WebSocket.OPEN) {
      this.onmessage?.({ data: heard.text })
    } else if (heard.kind === 'closed') {
      this.readyState = WebSocket.CLOSED
      this.onclose?.({ code: heard.code, reason: heard.reason })
    }
  }
}
