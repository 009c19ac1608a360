import { setShell } from './shell'

/// Finds out what the page runs in; before anything else of the page starts.
export async function startShell(): Promise<void> {
  if ('__TAURI_INTERNALS__' in window) setShell(await (await import('./desktopShell')).connectShell())
}
