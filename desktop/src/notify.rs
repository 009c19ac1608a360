//! Notifications of the system. Pressing one opens its chat, also while the window is closed.

use serde::Deserialize;
use tauri::{AppHandle, Manager};

use crate::shell::{Shell, Told};
use crate::windows;

#[derive(Debug, Deserialize)]
pub struct Notice {
    title: String,
    body: String,
    chat: u64,
}

/// More than any system shows.
const MOST_LETTERS: usize = 500;

pub fn show(app: &AppHandle, account: u32, notice: &Notice) {
    let title: String = notice.title.chars().take(MOST_LETTERS).collect();
    let body: String = notice.body.chars().take(MOST_LETTERS).collect();
    let (app, chat) = (app.clone(), notice.chat);
    // Showing waits for the system, and then for the press.
    std::thread::spawn(move || {
        let name = app.state::<Shell>().texts.get("desktop.name");
        let opener = app.clone();
        let open = move || {
            let app = opener.clone();
            let opened = opener.run_on_main_thread(move || {
                app.state::<Shell>().tell(account, Told::Open { path: format!("/chats/{chat}") });
                windows::show(&app, account);
            });
            if let Err(error) = opened {
                log::warn!("a chat could not be opened: {error}");
            }
        };
        if let Err(error) = present(&app, &name, &title, &body, open) {
            log::warn!("a notification could not be shown: {error}");
        }
    });
}

#[cfg(target_os = "linux")]
fn present(app: &AppHandle, name: &str, title: &str, body: &str, open: impl Fn()) -> Result<(), String> {
    let label = app.state::<Shell>().texts.get("desktop.notify.open");
    let shown = notify_rust::Notification::new()
        .appname(name)
        .summary(title)
        .body(&escape(body))
        .icon("besedka-desktop")
        .hint(notify_rust::Hint::DesktopEntry("besedka-desktop".to_owned()))
        .hint(notify_rust::Hint::Category("im.received".to_owned()))
        // The messenger has a sound of its own.
        .hint(notify_rust::Hint::SuppressSound(true))
        .action("default", &label)
        .show()
        .map_err(|error| error.to_string())?;
    shown.wait_for_action(|action| {
        if action == "default" {
            open();
        }
    });
    Ok(())
}

/// The body of a notification is markup (Desktop Notifications Specification, 5): a message must not be.
#[cfg(target_os = "linux")]
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(windows)]
fn present(
    app: &AppHandle,
    _: &str,
    title: &str,
    body: &str,
    open: impl Fn() + Send + 'static,
) -> Result<(), String> {
    tauri_winrt_notification::Toast::new(&app.config().identifier)
        .title(title)
        .text1(body)
        .sound(None)
        .on_activated(move |_| {
            open();
            Ok(())
        })
        .show()
        .map_err(|error| error.to_string())
}

/// A press brings the app to the front; this library does not say which notification it was.
#[cfg(target_os = "macos")]
fn present(_: &AppHandle, name: &str, title: &str, body: &str, _: impl Fn()) -> Result<(), String> {
    notify_rust::Notification::new()
        .appname(name)
        .summary(title)
        .body(body)
        .show()
        .map(drop)
        .map_err(|error| error.to_string())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_message_is_no_markup() {
        assert_eq!(super::escape("<b>&\"</b>"), "&lt;b&gt;&amp;\"&lt;/b&gt;");
    }
}
