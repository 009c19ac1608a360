//! Updates: looks for them at the servers of the accounts, says when there is one, and fetches it when the user asks.
//! On Windows its setup program then replaces the app. On Linux and macOS the package is put into the folder for
//! downloads: the program belongs to the system there, and the user installs it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tauri::{AppHandle, Manager};

use crate::menu;
use crate::shell::{Shell, Told};
use besedka_desktop_core::download::download;
use besedka_desktop_core::updates::{self, KEY, PLATFORM, Refusal, Update};

const FIRST: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);
const OWN: &str = env!("CARGO_PKG_VERSION");

/// Whether this app was built with the key of a publisher.
pub fn are_on() -> bool {
    KEY.is_some()
}

/// Looks soon after the start, and every few hours.
pub fn start(app: &AppHandle) {
    let Some(key) = KEY else { return };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(FIRST).await;
        loop {
            let (found, refusals) = look(&app, key).await;
            for refusal in refusals {
                log::warn!("no update is taken: {refusal}");
            }
            if let Some(update) = found {
                announce(&app, update);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    });
}

/// The newest update of all servers, and why some have none to offer.
async fn look(app: &AppHandle, key: &str) -> (Option<Update>, Vec<Refusal>) {
    let shell = app.state::<Shell>();
    let mut servers: Vec<_> = shell.accounts.all().into_iter().filter_map(|account| account.server).collect();
    let mut asked = HashSet::new();
    servers.retain(|server| asked.insert(server.url.clone()));
    let (mut newest, mut refusals) = (None::<Update>, Vec::new());
    for server in servers {
        match updates::look(&shell.clients().http, &server, key, OWN, PLATFORM).await {
            Ok(Some(found)) if newest.as_ref().is_none_or(|known| found.is_newer_than(known)) => {
                newest = Some(found);
            }
            Ok(_) => {}
            Err(refusal) => refusals.push(refusal),
        }
    }
    (newest, refusals)
}

/// Says once that there is an update; the menu offers it from then on.
fn announce(app: &AppHandle, update: Update) {
    let shell = app.state::<Shell>();
    let text = shell.texts.with("desktop.update.found", &[("version", &update.version)]);
    if shell.offer(update) {
        say(app, text);
        menu::renew(app);
    }
}

fn say(app: &AppHandle, text: String) {
    let shell = app.state::<Shell>();
    shell.tell(shell.accounts.current().id, Told::Note { text });
}

/// What the menu's item does: takes the update that is known, or looks for one.
pub fn pressed(app: &AppHandle) {
    let Some(key) = KEY else { return };
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let shell = app.state::<Shell>();
        if let Some(update) = shell.update() {
            return take(&app, &update).await;
        }
        match look(&app, key).await {
            (Some(update), _) => announce(&app, update),
            (None, refusals) => {
                let text = match refusals.first() {
                    None => shell.texts.with("desktop.update.none", &[("version", OWN)]),
                    Some(Refusal::Unreachable(reason)) => {
                        shell.texts.with("desktop.update.unreachable", &[("reason", reason)])
                    }
                    Some(refusal) => {
                        log::warn!("no update is taken: {refusal}");
                        shell.texts.get("desktop.update.refused")
                    }
                };
                say(&app, text);
            }
        }
    });
}

/// Fetches an update, unless it is being fetched.
async fn take(app: &AppHandle, update: &Update) {
    let shell = app.state::<Shell>();
    say(app, shell.texts.with("desktop.update.loading", &[("version", &update.version)]));
    let Some(_updating) = shell.begin_update() else { return };
    if let Err(reason) = fetch(app, update).await {
        log::error!("the update could not be fetched: {reason}");
        say(app, shell.texts.with("desktop.update.failed", &[("reason", &reason)]));
    }
}

async fn fetch(app: &AppHandle, update: &Update) -> Result<(), String> {
    let folder = folder(app).map_err(|error| error.to_string())?;
    tokio::fs::create_dir_all(&folder).await.map_err(|error| error.to_string())?;
    let package = folder.join(&update.file);
    let client = app.state::<Shell>().clients();
    download(&client.http, update.url.clone(), &package, Some(&update.expected)).await?;
    log::info!("the update {} was fetched", update.version);
    install(app, &package)
}

#[cfg(windows)]
fn folder(app: &AppHandle) -> tauri::Result<PathBuf> {
    Ok(app.path().app_cache_dir()?.join("updates"))
}

#[cfg(not(windows))]
fn folder(app: &AppHandle) -> tauri::Result<PathBuf> {
    app.path().download_dir().or_else(|_| Ok(app.path().app_cache_dir()?.join("updates")))
}

/// The setup program waits for this program to end, replaces it and starts it again.
#[cfg(windows)]
fn install(app: &AppHandle, package: &Path) -> Result<(), String> {
    let started = std::process::Command::new(package).args(["/S", "/UPDATE"]).spawn();
    started.map_err(|error| error.to_string())?;
    app.exit(0);
    Ok(())
}

#[cfg(not(windows))]
fn install(app: &AppHandle, package: &Path) -> Result<(), String> {
    use tauri_plugin_opener::OpenerExt;

    let shell = app.state::<Shell>();
    say(app, shell.texts.with("desktop.update.fetched", &[("path", &package.display().to_string())]));
    if let Err(error) = app.opener().reveal_item_in_dir(package) {
        log::warn!("the folder of the update could not be shown: {error}");
    }
    Ok(())
}
