/// What the messenger runs in: a browser, or the desktop app. The rest of the client asks here; what the app
/// does is in `desktopShell.ts`, which browsers never load.

export interface Notice {
  title: string
  body: string
  chat: number
}

/// What a shell tells the page.
export type Told =
  | { kind: 'open'; path: string }
  | { kind: 'note'; text: string }
  | { kind: 'dropped'; files: DroppedFile[]; x: number; y: number }

/// A file that the shell took for the page.
export interface DroppedFile {
  id: number
  name: string
  type: string
}

/// What the app does in the browser's stead.
export interface Desktop {
  /// Whether somebody is, as far as the app knows: what the webview stores may be lost in a crash.
  isSignedIn: boolean
  openSocket: () => WebSocket
  notify: (notice: Notice) => Promise<void>
  setBadge: (unread: number) => Promise<void>
  /// Saves a file of the server where the user says; false if they changed their mind.
  save: (name: string, url: string) => Promise<boolean>
  /// Saves a text in the same way.
  saveText: (name: string, text: string) => Promise<boolean>
  /// Names the account in the app's menu; null once nobody is signed in.
  setName: (name: string | null) => Promise<void>
  listen: (listener: (told: Told) => void) => Promise<void>
  /// The bytes of a file that was dropped.
  dropped: (id: number) => Promise<ArrayBuffer>
}

export interface Shell {
  /// The origin of requests to the server; empty for the page's own.
  requests: string
  /// The address by which people reach the server in a browser.
  site: string
  /// The system's language, if the shell knows better than the browser.
  language: string | null
  /// Texts that the user added, by language.
  added: Record<string, Record<string, string>>
  /// Whether requests can ask for any address that the server names, as of a bucket of files.
  address: (url: string) => string
  desktop: Desktop | null
}

const browser: Shell = {
  requests: '',
  get site() { return location.origin },
  language: null,
  added: {},
  address: (url) => url,
  desktop: null,
}

let current = browser

export const shell = (): Shell => current

/// For the start, and for tests; null is the browser.
export function setShell(shell: Shell | null): void {
  current = shell ?? browser
}
