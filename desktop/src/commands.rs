//! The commands that pages may call: each belongs to the window that calls it, and so to one account.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tauri::http::Uri;
use tauri::ipc::{Channel, Response};
use tauri::{AppHandle, Manager, State, WebviewWindow};
use tauri_plugin_dialog::DialogExt;
use url::Url;

use crate::notify::{self, Notice};
use crate::shell::{Shell, Told};
use crate::{menu, tray, windows};
use besedka_desktop_core::accounts::Server;
use besedka_desktop_core::address::{self, Note};
use besedka_desktop_core::download::download;
use besedka_desktop_core::forward::{self, Target};
use besedka_desktop_core::net;
use besedka_desktop_core::socket::Heard;
use besedka_desktop_core::texts::Catalogue;

/// The largest file that is passed to a page as a whole, in bytes. Larger ones are chosen, not dropped.
const LARGEST_DROPPED: u64 = 200_000_000;

/// What the page's own window lets it do.
fn account(window: &WebviewWindow) -> Result<u32, String> {
    windows::account_of(window.label()).ok_or_else(|| "this window belongs to no account".to_owned())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// The origin of requests to the account's server; see `forward`.
    requests: String,
    /// The server's address for people, as in invitations.
    site: Option<String>,
    /// Whether somebody is, as far as this app knows: what webviews store may be lost in a crash.
    signed_in: bool,
    language: String,
    /// The texts that users added, by language.
    languages: BTreeMap<String, Catalogue>,
    /// The texts of the shell's own page.
    texts: Catalogue,
    /// The address that a link brought.
    entered: Option<String>,
}

/// What a page begins with. What the page before it had open is closed.
#[tauri::command]
pub fn start(window: WebviewWindow, shell: State<'_, Shell>) -> Result<Start, String> {
    let id = account(&window)?;
    shell.sockets.close_all(window.label());
    shell.reloaded(id);
    let requests = if cfg!(windows) {
        format!("http://{}.localhost", forward::SCHEME)
    } else {
        format!("{}://localhost", forward::SCHEME)
    };
    let account = shell.accounts.get(id);
    Ok(Start {
        requests,
        signed_in: account.as_ref().is_some_and(|account| account.name.is_some()),
        site: account
            .and_then(|account| account.server)
            .map(|server| server.url.as_str().trim_end_matches('/').to_owned()),
        language: shell.texts.language.clone(),
        languages: shell.texts.added.clone(),
        texts: shell.texts.starting("desktop."),
        entered: shell.entered(id),
    })
}

#[tauri::command]
pub fn listen(window: WebviewWindow, shell: State<'_, Shell>, channel: Channel<Told>) -> Result<(), String> {
    shell.listen(account(&window)?, channel);
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    text: String,
    notes: Vec<String>,
}

/// Checks a server's address; only an account that has none yet may ask.
#[tauri::command]
pub async fn check(
    window: WebviewWindow,
    shell: State<'_, Shell>,
    address: String,
) -> Result<Checked, String> {
    let found = find(&window, &shell, &address).await?;
    let notes = found.notes.iter().map(|note| match note {
        Note::Newer => shell.texts.with(
            "desktop.connect.newer",
            &[("version", &found.server.version), ("own", env!("CARGO_PKG_VERSION"))],
        ),
        Note::Plain => shell.texts.get("desktop.connect.plain"),
    });
    Ok(Checked {
        text: shell.texts.with(
            "desktop.connect.found",
            &[("address", &address::authority(&found.server.url)), ("version", &found.server.version)],
        ),
        notes: notes.collect(),
    })
}

async fn find(window: &WebviewWindow, shell: &Shell, address: &str) -> Result<address::Found, String> {
    if shell.accounts.server(account(window)?).is_some() {
        return Err("this account has its server".to_owned());
    }
    address::check(&shell.clients().http, address, env!("CARGO_PKG_VERSION"))
        .await
        .map_err(|trouble| trouble.text(&shell.texts))
}

/// Keeps the address and shows the messenger.
#[tauri::command]
pub async fn connect(window: WebviewWindow, shell: State<'_, Shell>, address: String) -> Result<(), String> {
    let found = find(&window, &shell, &address).await?;
    let id = account(&window)?;
    // If the file with the accounts was lost, another server's token may be kept by this number.
    let secrets = shell.secrets.clone();
    let forgets = tauri::async_runtime::spawn_blocking(move || secrets.forget(id));
    forgets.await.map_err(|error| error.to_string())?;
    shell.accounts.change(id, |account| account.server = Some(found.server));
    shell.accounts.show(id);
    menu::renew(window.app_handle());
    let path = if found.path.is_empty() { "/" } else { &found.path };
    let shown = window.url().map_err(|error| error.to_string())?;
    let page = shown.join(path).map_err(|error| error.to_string())?;
    window.navigate(page).map_err(|error| error.to_string())
}

/// Lets the user choose the certificate of an authority, which all connections trust from then on.
#[tauri::command]
pub async fn choose_certificate(
    window: WebviewWindow,
    shell: State<'_, Shell>,
) -> Result<Option<String>, String> {
    if shell.accounts.server(account(&window)?).is_some() {
        return Err("this account has its server".to_owned());
    }
    let (chosen, choice) = tokio::sync::oneshot::channel();
    window
        .dialog()
        .file()
        .set_title(shell.texts.get("desktop.connect.certificate"))
        .add_filter("PEM", &["pem", "crt", "cer"])
        .pick_file(move |file| drop(chosen.send(file)));
    let Some(path) = choice.await.ok().flatten().and_then(|file| file.into_path().ok()) else {
        return Ok(None);
    };
    add_certificate(&shell, &path).map(Some)
}

fn add_certificate(shell: &Shell, path: &Path) -> Result<String, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    if net::read_authorities(&pem).is_empty() {
        return Err(shell.texts.get("desktop.connect.certificate_bad"));
    }
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("authority").to_owned();
    net::keep_authority(&shell.certificates(), &name, &pem).map_err(|error| error.to_string())?;
    shell.renew_clients().map_err(|error| error.to_string())?;
    Ok(shell.texts.with("desktop.connect.certificate_added", &[("name", &name)]))
}

/// Who is signed in, for the menu.
#[tauri::command]
pub fn signed_in(window: WebviewWindow, shell: State<'_, Shell>, name: Option<String>) -> Result<(), String> {
    let id = account(&window)?;
    // The next start may find the keyring, and in it the sign-in.
    if name.is_none() && shell.secrets.is_unread(id) {
        return Ok(());
    }
    let name =
        name.map(|name| name.chars().filter(|letter| !letter.is_control()).take(64).collect::<String>());
    if shell.accounts.get(id).is_some_and(|account| account.name != name) {
        let is_in = name.is_some();
        shell.accounts.change(id, |account| account.name = name);
        menu::renew(window.app_handle());
        if is_in && shell.secrets.is_in_file() {
            shell.tell(id, Told::Note { text: shell.texts.get("desktop.secrets.file") });
        }
    }
    Ok(())
}

#[tauri::command]
pub fn badge(window: WebviewWindow, unread: u32) -> Result<(), String> {
    tray::count(window.app_handle(), account(&window)?, unread);
    Ok(())
}

#[tauri::command]
pub fn notify(window: WebviewWindow, notice: Notice) -> Result<(), String> {
    notify::show(window.app_handle(), account(&window)?, &notice);
    Ok(())
}

/// Saves a file of the server where the user says. Answers whether it was saved.
#[tauri::command]
pub async fn save(app: AppHandle, window: WebviewWindow, name: String, url: String) -> Result<bool, String> {
    let shell = app.state::<Shell>();
    let server = shell.accounts.server(account(&window)?).ok_or("there is no server")?;
    let url = source(&server, &url).ok_or("this is no address of a file")?;
    let Some(path) = choose_place(&window, &name).await else { return Ok(false) };
    let saved = download(&shell.clients().http, url, &path, None).await;
    saved.map(|()| true).map_err(|reason| not_saved(&shell, &reason))
}

/// Saves a text that the page has, where the user says. Answers whether it was saved.
#[tauri::command]
pub async fn save_text(
    app: AppHandle,
    window: WebviewWindow,
    name: String,
    text: String,
) -> Result<bool, String> {
    account(&window)?;
    let Some(path) = choose_place(&window, &name).await else { return Ok(false) };
    let saved = tokio::fs::write(&path, text).await;
    saved.map(|()| true).map_err(|error| not_saved(&app.state::<Shell>(), &error.to_string()))
}

/// None if the user changed their mind.
async fn choose_place(window: &WebviewWindow, name: &str) -> Option<PathBuf> {
    let (chosen, choice) = tokio::sync::oneshot::channel();
    let mut dialog = window
        .dialog()
        .file()
        .set_title(window.state::<Shell>().texts.get("desktop.save.title"))
        .set_file_name(plain_name(name));
    if let Ok(folder) = window.path().download_dir() {
        dialog = dialog.set_directory(folder);
    }
    dialog.save_file(move |file| drop(chosen.send(file)));
    choice.await.ok().flatten()?.into_path().ok()
}

/// A file that was dropped on the window: its bytes, once. No other file can be asked for.
#[tauri::command]
pub async fn dropped(window: WebviewWindow, shell: State<'_, Shell>, id: u32) -> Result<Response, String> {
    let path = shell.take_dropped(account(&window)?, id).ok_or("no such file was dropped")?;
    let size = tokio::fs::metadata(&path).await.map_or(0, |known| known.len());
    let failed = |reason: &str| shell.texts.with("desktop.drop.failed", &[("reason", reason)]);
    if size > LARGEST_DROPPED {
        return Err(failed(&shell.texts.get("desktop.drop.too_large")));
    }
    let bytes = tokio::fs::read(&path).await.map_err(|error| failed(&error.to_string()))?;
    Ok(Response::new(bytes))
}

fn not_saved(shell: &Shell, reason: &str) -> String {
    shell.texts.with("desktop.save.failed", &[("reason", reason)])
}

fn source(server: &Server, url: &str) -> Option<Url> {
    let uri: Uri = url.parse().ok()?;
    // As pages name what they ask of the server; see `Start::requests`.
    let is_ours = match (uri.scheme_str()?, uri.host()?) {
        (scheme, "localhost") => scheme == forward::SCHEME,
        (scheme, host) => scheme == "http" && host.strip_suffix(".localhost") == Some(forward::SCHEME),
    };
    if !is_ours {
        return None;
    }
    match forward::target(server, &uri)? {
        Target::Server(url) | Target::Elsewhere(url) => Some(url),
    }
}

/// A name without folders and without what systems refuse; never hidden or empty.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_fine = |letter: &char| {
        !letter.is_control()
            && !"<>:\"|?*\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"
                .contains(*letter)
    };
    let name: String = last.chars().filter(is_fine).take(200).collect();
    let name = name.trim().trim_start_matches('.').trim_end_matches('.');
    (if name.is_empty() { "file" } else { name }).to_owned()
}

#[tauri::command]
pub fn socket_open(
    window: WebviewWindow,
    shell: State<'_, Shell>,
    id: u32,
    channel: Channel<Heard>,
) -> Result<(), String> {
    let server = shell.accounts.server(account(&window)?).ok_or("there is no server")?;
    let client = shell.clients().socket.clone();
    let tell = move |heard: Heard| drop(channel.send(heard));
    tauri::async_runtime::spawn(shell.sockets.open(window.label(), id, client, &server.url, tell));
    Ok(())
}

#[tauri::command]
pub fn socket_send(window: WebviewWindow, shell: State<'_, Shell>, id: u32, text: String) {
    shell.sockets.send(window.label(), id, text);
}

#[tauri::command]
pub fn socket_close(window: WebviewWindow, shell: State<'_, Shell>, id: u32, code: u16) {
    shell.sockets.close(window.label(), id, code);
}

#[cfg(test)]
mod tests {
    use super::{plain_name, source};
    use besedka_desktop_core::accounts::Server;

    #[test]
    fn only_what_pages_ask_of_the_server_is_saved() {
        let server = Server { url: "https://a.example".parse().unwrap(), version: String::new() };
        let found = |url: &str| source(&server, url).map(|url| url.to_string());
        assert_eq!(found("besedka-server://localhost/f?s=1").unwrap(), "https://a.example/f?s=1");
        assert_eq!(found("http://besedka-server.localhost/f").unwrap(), "https://a.example/f");
        for url in [
            "file:///etc/passwd",
            "nonsense",
            "https://evil.example/f",
            "besedka-server://evil/f",
            "besedka-server://localhost/~file%3A%2F%2F%2Fetc%2Fpasswd",
        ] {
            assert_eq!(found(url), None, "{url}");
        }
    }

    #[test]
    fn a_file_is_saved_under_a_harmless_name() {
        for (name, plain) in [
            ("отчёт.pdf", "отчёт.pdf"),
            ("../../.bashrc", "bashrc"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{0}b\n.txt", "ab.txt"),
            ("..", "file"),
            ("", "file"),
        ] {
            assert_eq!(plain_name(name), plain);
        }
    }
}
