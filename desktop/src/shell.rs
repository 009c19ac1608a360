//! What all parts of the shell share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::Serialize;
use tauri::ipc::Channel;

use besedka_desktop_core::accounts::Accounts;
use besedka_desktop_core::dropped::Dropped;
use besedka_desktop_core::net::Clients;
use besedka_desktop_core::secrets::Secrets;
use besedka_desktop_core::socket::Sockets;
use besedka_desktop_core::texts::Texts;
use besedka_desktop_core::updates::Update;

/// What the shell tells a page.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    /// Show this page of the messenger.
    Open { path: String },
    /// A word for the user.
    Note { text: String },
    /// Files were dropped at this place of the page; it asks for each by `dropped`.
    Dropped { files: Vec<DroppedFile>, x: f64, y: f64 },
}

#[derive(Clone, Debug, Serialize)]
pub struct DroppedFile {
    pub id: u32,
    pub name: String,
    #[serde(rename = "type")]
    pub media_type: String,
}

#[derive(Default)]
struct Page {
    channel: Option<Channel<Told>>,
    /// What was told before the page listened.
    waiting: Vec<Told>,
    unread: u32,
    /// The address that the last link brought, for the page that asks for one, however often it is loaded.
    entered: Option<String>,
    dropped: Dropped,
}

pub struct Shell {
    pub accounts: Accounts,
    pub secrets: Arc<Secrets>,
    pub texts: Texts,
    pub sockets: Sockets,
    pub settings: PathBuf,
    clients: RwLock<Arc<Clients>>,
    pages: Mutex<HashMap<u32, Page>>,
    /// The newest version that a server offered.
    update: Mutex<Option<Update>>,
    is_updating: AtomicBool,
}

impl Shell {
    pub fn new(
        settings: PathBuf,
        accounts: Accounts,
        secrets: Secrets,
        texts: Texts,
        clients: Clients,
    ) -> Self {
        Self {
            accounts,
            secrets: Arc::new(secrets),
            texts,
            sockets: Sockets::default(),
            settings,
            clients: RwLock::new(Arc::new(clients)),
            pages: Mutex::default(),
            update: Mutex::default(),
            is_updating: AtomicBool::default(),
        }
    }

    pub fn clients(&self) -> Arc<Clients> {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the clients anew, after a certificate was added.
    pub fn renew_clients(&self) -> Result<(), reqwest::Error> {
        let fresh = Arc::new(Clients::new(&self.certificates())?);
        *self.clients.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub fn certificates(&self) -> PathBuf {
        self.settings.join("certificates")
    }

    fn pages(&self) -> MutexGuard<'_, HashMap<u32, Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn listen(&self, account: u32, channel: Channel<Told>) {
        let mut pages = self.pages();
        let page = pages.entry(account).or_default();
        for told in page.waiting.drain(..) {
            drop(channel.send(told));
        }
        page.channel = Some(channel);
    }

    /// The window of an account loads a page anew: what is told waits until that page listens.
    pub fn reloaded(&self, account: u32) {
        let mut pages = self.pages();
        let page = pages.entry(account).or_default();
        // Without a channel the files are the next page's, which has yet to hear of them.
        if page.channel.take().is_some() {
            page.dropped.clear();
        }
    }

    pub fn tell(&self, account: u32, told: Told) {
        let mut pages = self.pages();
        let page = pages.entry(account).or_default();
        match &page.channel {
            Some(channel) => drop(channel.send(told)),
            None => page.waiting.push(told),
        }
    }

    /// Keeps files that were dropped on the window of an account. Folders are not among them.
    pub fn drop_files(&self, account: u32, paths: &[PathBuf]) -> Vec<DroppedFile> {
        let paths: Vec<_> = paths.iter().filter(|path| path.is_file()).collect();
        let mut pages = self.pages();
        let dropped = &mut pages.entry(account).or_default().dropped;
        let file = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            DroppedFile { id: dropped.add(path.clone()), media_type: media_type(&name), name }
        };
        paths.into_iter().map(file).collect()
    }

    /// A file that was dropped on the window of an account. It is given once.
    pub fn take_dropped(&self, account: u32, id: u32) -> Option<PathBuf> {
        self.pages().get_mut(&account)?.dropped.take(id)
    }

    /// Notes an account's unread messages; answers how many there are in all.
    pub fn count(&self, account: u32, unread: u32) -> u32 {
        let mut pages = self.pages();
        pages.entry(account).or_default().unread = unread;
        pages.values().fold(0, |sum, page| sum.saturating_add(page.unread))
    }

    pub fn enter(&self, account: u32, address: String) {
        self.pages().entry(account).or_default().entered = Some(address);
    }

    pub fn entered(&self, account: u32) -> Option<String> {
        self.pages().get(&account)?.entered.clone()
    }

    /// Notes an update; answers whether it was not known yet.
    pub fn offer(&self, update: Update) -> bool {
        let mut known = self.update.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.as_ref().is_none_or(|known| update.is_newer_than(known));
        if is_new {
            *known = Some(update);
        }
        is_new
    }

    pub fn update(&self) -> Option<Update> {
        self.update.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Marks the update as being fetched, until the mark is dropped; `None` while it is marked already.
    pub fn begin_update(&self) -> Option<Updating<'_>> {
        (!self.is_updating.swap(true, Ordering::AcqRel)).then_some(Updating(&self.is_updating))
    }

    pub fn forget(&self, account: u32) {
        self.pages().remove(&account);
    }
}

/// An update is being fetched.
pub struct Updating<'a>(&'a AtomicBool);

impl Drop for Updating<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The media type that the system gives files of such a name; empty if it knows none.
#[cfg(target_os = "linux")]
fn media_type(name: &str) -> String {
    let (content_type, _) = gio::content_type_guess(Some(name), &[]);
    gio::content_type_get_mime_type(&content_type).map(Into::into).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn media_type(_: &str) -> String {
    String::new()
}
