import { setShell } from './shell'

/// Whether the page runs in the desktop app.
export const hasShell = (): boolean => '__TAURI_INTERNALS__' in window

/// Finds out what the page runs in; before anything else of the page starts.
export async function startShell(): Promise<void> {
  if (hasShell()) setShell(await (await import('./desktopShell')).connectShell())
}
