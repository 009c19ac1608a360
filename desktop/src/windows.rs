//! One window for each account, with its own storage: accounts share nothing that a page could read.

use std::path::PathBuf;

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{
    AppHandle, DragDropEvent, Manager, PhysicalPosition, Url, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, WindowEvent,
};
use tauri_plugin_opener::OpenerExt;

use crate::menu;
use crate::shell::{Shell, Told};
use besedka_desktop_core::accounts::Account;
use besedka_desktop_core::address;
use besedka_desktop_core::forward::PAGES;
use besedka_desktop_core::links;

const PREFIX: &str = "account-";

pub fn label(account: u32) -> String {
    format!("{PREFIX}{account}")
}

pub fn account_of(label: &str) -> Option<u32> {
    label.strip_prefix(PREFIX)?.parse().ok()
}

/// Where each account has a folder for what its pages store, named by its number.
pub fn folders(app: &AppHandle) -> tauri::Result<PathBuf> {
    Ok(app.path().app_local_data_dir()?.join("accounts"))
}

/// How the menus name an account.
pub fn name(shell: &Shell, account: &Account) -> String {
    match (&account.server, &account.name) {
        (Some(server), Some(name)) => format!("{name} · {}", address::authority(&server.url)),
        (Some(server), None) => address::authority(&server.url),
        (None, _) => shell.texts.get("desktop.menu.new_account"),
    }
}

/// Shows an account's window, which is made first where there is none.
pub fn show(app: &AppHandle, account: u32) {
    let shell = app.state::<Shell>();
    let Some(account) = shell.accounts.get(account) else { return };
    shell.accounts.show(account.id);
    match app.get_webview_window(&label(account.id)) {
        Some(window) => reveal(&window),
        None => match make(app, &account, true) {
            Ok(window) => reveal(&window),
            Err(error) => log::error!("a window could not be opened: {error}"),
        },
    }
}

/// Makes the windows at the start, for all accounts receive: the last one is shown, unless the system started the app.
pub fn start(app: &AppHandle, is_visible: bool) -> tauri::Result<()> {
    let shell = app.state::<Shell>();
    let current = shell.accounts.current();
    make(app, &current, is_visible)?;
    for other in shell.accounts.all() {
        if other.id != current.id && other.server.is_some() {
            make(app, &other, false)?;
        }
    }
    Ok(())
}

fn reveal(window: &WebviewWindow) {
    for step in [window.show(), window.unminimize(), window.set_focus()] {
        if let Err(error) = step {
            log::warn!("a window could not be shown: {error}");
        }
    }
}

fn make(app: &AppHandle, account: &Account, is_visible: bool) -> tauri::Result<WebviewWindow> {
    let id = account.id;
    let shell = app.state::<Shell>();
    let page = if account.server.is_some() { "index.html" } else { "connect.html" };
    let (navigates, opens) = (app.clone(), app.clone());
    let builder = WebviewWindowBuilder::new(app, label(id), WebviewUrl::App(page.into()))
        .title(shell.texts.get("desktop.name"))
        .inner_size(1100.0, 760.0)
        .min_inner_size(360.0, 480.0)
        .visible(is_visible)
        .data_directory(folders(app)?.join(id.to_string()))
        // Nothing but the app's own pages is shown; what else is opened is the browser's.
        .on_navigation(move |url| {
            is_own(url) || {
                open_outside(&navigates, url);
                false
            }
        })
        .on_new_window(move |url, _| {
            open_outside(&opens, &url);
            NewWindowResponse::Deny
        })
        // Files are saved by the command `save`, which asks where to.
        .on_download(|_, _| false)
        .on_page_load(move |window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Shell>().reloaded(id);
            }
        });
    #[cfg(target_os = "macos")]
    let builder = {
        let mut store = [0_u8; 16];
        store[..7].copy_from_slice(b"besedka");
        store[12..].copy_from_slice(&id.to_be_bytes());
        builder.data_store_identifier(store)
    };
    // Files are dropped on the page, which knows what to do with them. WebKitGTK gives it none: there the shell takes them.
    #[cfg(not(target_os = "linux"))]
    let builder = builder.disable_drag_drop_handler();
    let window = builder.build()?;
    if (account.zoom - 1.0).abs() > f64::EPSILON {
        window.set_zoom(account.zoom)?;
    }
    #[cfg(target_os = "linux")]
    check_spelling(&window, &shell.texts.language)?;
    let closed = window.clone();
    window.on_window_event(move |event| match event {
        // The messenger goes on receiving; "Quit" ends it.
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            if let Err(error) = closed.hide() {
                log::warn!("a window could not be hidden: {error}");
            }
        }
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, position }) => {
            dropped(&closed, id, paths, *position)
        }
        WindowEvent::Focused(true) => closed.state::<Shell>().accounts.show(id),
        _ => {}
    });
    Ok(window)
}

/// Tells the page which files were dropped on it, and where.
fn dropped(window: &WebviewWindow, account: u32, paths: &[PathBuf], at: PhysicalPosition<f64>) {
    let shell = window.state::<Shell>();
    let files = shell.drop_files(account, paths);
    if files.is_empty() {
        return;
    }
    let zoom = shell.accounts.get(account).map_or(1.0, |account| account.zoom);
    shell.tell(account, Told::Dropped { files, x: at.x / zoom, y: at.y / zoom });
}

/// The other systems check spelling by themselves.
#[cfg(target_os = "linux")]
fn check_spelling(window: &WebviewWindow, language: &str) -> tauri::Result<()> {
    use webkit2gtk::{WebContextExt, WebViewExt};
    let languages = if language == "ru" { vec!["ru_RU", "en_US"] } else { vec![language, "en_US", "ru_RU"] };
    let languages: Vec<String> = languages.into_iter().map(str::to_owned).collect();
    window.with_webview(move |webview| {
        if let Some(context) = webview.inner().context() {
            context.set_spell_checking_enabled(true);
            context.set_spell_checking_languages(&languages.iter().map(String::as_str).collect::<Vec<_>>());
        }
    })
}

pub fn is_own(url: &Url) -> bool {
    let origin = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    url.as_str() == "about:blank" || (PAGES.contains(&origin.as_str()) && url.port().is_none())
}

fn open_outside(app: &AppHandle, url: &Url) {
    if let Some(link) = links::parse(url.as_str()) {
        return follow(app, link);
    }
    if !matches!(url.scheme(), "http" | "https" | "mailto" | "tel" | "geo") {
        return log::info!("a link with the scheme {} was not opened", url.scheme());
    }
    if let Err(error) = app.opener().open_url(url.as_str(), None::<&str>) {
        log::warn!("a link could not be opened: {error}");
    }
}

/// Shows what a link of the scheme `besedka` leads to.
pub fn follow(app: &AppHandle, link: links::Link) {
    let shell = app.state::<Shell>();
    let account = match &link.server {
        None => Some(shell.accounts.current()),
        Some(url) => shell.accounts.all().into_iter().find(|account| {
            account.server.as_ref().is_some_and(|server| {
                server.url.origin() == url.origin()
                    && server.url.path().trim_end_matches('/') == url.path().trim_end_matches('/')
            })
        }),
    };
    match account {
        Some(account) => {
            shell.tell(account.id, Told::Open { path: link.path });
            show(app, account.id);
        }
        // A server that is not known yet: the page that asks for an address shows this one, and the user decides.
        None => {
            let account = shell.accounts.add();
            if let Some(url) = link.server {
                shell.enter(account.id, format!("{}{}", url.as_str().trim_end_matches('/'), link.path));
            }
            menu::renew(app);
            if let Some(window) = app.get_webview_window(&label(account.id))
                && let Err(error) = window.reload()
            {
                log::warn!("an address could not be shown: {error}");
            }
            show(app, account.id);
        }
    }
}

/// Takes an account off this computer.
pub fn remove(app: &AppHandle, id: u32) {
    let shell = app.state::<Shell>();
    shell.sockets.close_all(&label(id));
    shell.secrets.forget(id);
    shell.accounts.remove(id);
    shell.forget(id);
    if let Some(window) = app.get_webview_window(&label(id)) {
        if let Err(error) = window.clear_all_browsing_data() {
            log::warn!("the data of an account could not be cleared: {error}");
        }
        if let Err(error) = window.destroy() {
            log::warn!("a window could not be closed: {error}");
        }
    }
    if let Ok(folders) = folders(app)
        && let Err(error) = std::fs::remove_dir_all(folders.join(id.to_string()))
    {
        log::warn!("the folder of an account could not be removed: {error}");
    }
    crate::tray::count(app, id, 0);
    let next = shell.accounts.current().id;
    show(app, next);
    menu::renew(app);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apps_own_pages_are_shown() {
        let own = |text: &str| is_own(&Url::parse(text).unwrap());
        assert!(own("tauri://localhost/chats/5"));
        assert!(own("http://tauri.localhost/"));
        for foreign in [
            "https://evil.example/",
            "http://tauri.localhost.evil.example/",
            "http://tauri.localhost:8080/",
            "https://tauri.localhost/",
            "tauri://evil/",
            "besedka-server://localhost/api/v1/attachments/1",
            "data:text/html,<script>1</script>",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "blob:tauri://localhost/1",
        ] {
            assert!(!own(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_window_belongs_to_the_account_that_its_label_names() {
        assert_eq!(account_of(&label(7)), Some(7));
        assert_eq!(account_of("main"), None);
        assert_eq!(account_of("account-x"), None);
    }
}
