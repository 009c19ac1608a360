//! What keeps the app from starting, said in a dialog of the system: there is no window of its own yet.

use std::path::Path;

use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};
use tauri_plugin_opener::OpenerExt;

use crate::shell::Shell;
use besedka_desktop_core::texts::Texts;

/// Microsoft's own address of the setup program of WebView2, which Windows 10 may lack.
const WEBVIEW: &str = "https://go.microsoft.com/fwlink/p/?LinkId=2124703";

/// Says that the system has no webview, and where to get one; then the app ends.
pub fn no_webview(app: &AppHandle) {
    log::error!("this system has no webview");
    let texts = &app.state::<Shell>().texts;
    let buttons = MessageDialogButtons::OkCancelCustom(
        texts.get("desktop.webview.get"),
        texts.get("desktop.menu.quit"),
    );
    let ends = app.clone();
    app.dialog()
        .message(texts.with("desktop.webview.missing", &[("url", WEBVIEW)]))
        .title(texts.get("desktop.name"))
        .kind(MessageDialogKind::Error)
        .buttons(buttons)
        .show(move |is_wanted| {
            if is_wanted && let Err(error) = ends.opener().open_url(WEBVIEW, None::<&str>) {
                log::error!("a link could not be opened: {error}");
            }
            ends.exit(1);
        });
}

/// Says why the app could not start; then it ends.
pub fn failed(app: &AppHandle, reason: &str) {
    log::error!("the app could not start: {reason}");
    let texts = texts();
    let ends = app.clone();
    app.dialog()
        .message(texts.with("desktop.start.failed", &[("reason", reason)]))
        .title(texts.get("desktop.name"))
        .kind(MessageDialogKind::Error)
        .buttons(MessageDialogButtons::OkCustom(texts.get("desktop.menu.quit")))
        .show(move |_| ends.exit(1));
}

/// The built-in texts: the folder of those that users added may be what is wrong.
fn texts() -> Texts {
    Texts::load(Path::new(""), &sys_locale::get_locales().collect::<Vec<_>>())
}
