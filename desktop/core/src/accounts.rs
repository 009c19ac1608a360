//! The accounts on this computer: which server each belongs to. Nothing secret is in this file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Without a trailing slash in its path.
    pub url: Url,
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: u32,
    /// Missing until the address was entered.
    pub server: Option<Server>,
    /// Who signed in, as the menu names the account.
    pub name: Option<String>,
    pub zoom: f64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    accounts: Vec<Account>,
    /// The account that was shown last.
    current: u32,
    /// Numbers are not used again: the folders of a removed account may outlive it.
    last: u32,
}

pub struct Accounts {
    path: PathBuf,
    kept: Mutex<Kept>,
}

impl Accounts {
    /// Reads the file. One that is damaged is put aside rather than overwritten. In `folders` accounts
    /// have folders, named by their numbers; the file may know less of them, if it was lost.
    pub fn open(path: PathBuf, folders: &Path) -> Self {
        let mut kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                log::error!("{} is damaged and was put aside: {error}", path.display());
                if let Err(error) = fs::rename(&path, path.with_extension("damaged")) {
                    log::error!("it could not be put aside: {error}");
                }
                Kept::default()
            }),
            Err(_) => Kept::default(),
        };
        let entries = fs::read_dir(folders).into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        kept.last = numbers.fold(kept.last, u32::max);
        Self { path, kept: Mutex::new(kept) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn all(&self) -> Vec<Account> {
        self.kept().accounts.clone()
    }

    pub fn get(&self, id: u32) -> Option<Account> {
        self.kept().accounts.iter().find(|account| account.id == id).cloned()
    }

    pub fn server(&self, id: u32) -> Option<Server> {
        self.get(id)?.server
    }

    /// The account to show first: a new one where there is none.
    pub fn current(&self) -> Account {
        let kept = self.kept();
        let found = kept
            .accounts
            .iter()
            .find(|account| account.id == kept.current)
            .or(kept.accounts.first())
            .cloned();
        drop(kept);
        found.unwrap_or_else(|| self.add())
    }

    /// A new account without a server; the one that is there already, if its address was never entered.
    pub fn add(&self) -> Account {
        let mut kept = self.kept();
        if let Some(empty) = kept.accounts.iter().find(|account| account.server.is_none()) {
            return empty.clone();
        }
        kept.last += 1;
        let account = Account { id: kept.last, server: None, name: None, zoom: 1.0 };
        kept.accounts.push(account.clone());
        self.save(&kept);
        account
    }

    pub fn change(&self, id: u32, edit: impl FnOnce(&mut Account)) {
        let mut kept = self.kept();
        if let Some(account) = kept.accounts.iter_mut().find(|account| account.id == id) {
            edit(account);
            self.save(&kept);
        }
    }

    pub fn show(&self, id: u32) {
        let mut kept = self.kept();
        if kept.current != id {
            kept.current = id;
            self.save(&kept);
        }
    }

    pub fn remove(&self, id: u32) {
        let mut kept = self.kept();
        kept.accounts.retain(|account| account.id != id);
        self.save(&kept);
    }

    fn save(&self, kept: &Kept) {
        let written = serde_json::to_vec_pretty(kept)
            .map_err(io::Error::from)
            .and_then(|json| replace(&self.path, &json));
        if let Err(error) = written {
            log::error!("{} could not be written: {error}", self.path.display());
        }
    }
}

/// Writes a file whole or not at all, readable by its owner only.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("new");
    // A leftover could have other permissions.
    if let Err(error) = fs::remove_file(&fresh)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Option<Server> {
        Some(Server { url: Url::parse(url).unwrap(), version: "0.1.0".to_owned() })
    }

    #[test]
    fn several_servers_are_remembered_and_the_last_one_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        let accounts = Accounts::open(path.clone(), folder.path());
        let first = accounts.current().id;
        accounts.change(first, |account| account.server = server("https://a.example"));
        let second = accounts.add().id;
        accounts.change(second, |account| account.server = server("https://b.example/chat"));
        accounts.show(second);

        let again = Accounts::open(path, folder.path());
        assert_eq!(again.all().len(), 2);
        assert_eq!(again.current().server, server("https://b.example/chat"));
        again.remove(second);
        assert_eq!(again.current().id, first);
        // The number of a removed account is not used again.
        assert!(again.add().id > second);
    }

    #[test]
    fn a_new_account_gets_no_folder_of_an_old_one_whose_file_was_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (path, folders) = (folder.path().join("accounts.json"), folder.path().join("accounts"));
        for name in ["2", "11", "other"] {
            fs::create_dir_all(folders.join(name)).unwrap();
        }
        let accounts = Accounts::open(path.clone(), &folders);
        assert_eq!(accounts.current().id, 12);
        // An account that is known keeps its folder.
        fs::create_dir_all(folders.join("12")).unwrap();
        let again = Accounts::open(path, &folders);
        assert_eq!(again.current().id, 12);
    }

    #[test]
    fn an_account_without_a_server_is_not_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::open(folder.path().join("accounts.json"), folder.path());
        assert_eq!(accounts.add().id, accounts.add().id);
        assert_eq!(accounts.all().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.json");
        fs::write(&path, "{\"accounts\": [").unwrap();
        let accounts = Accounts::open(path, folder.path());
        assert!(accounts.all().is_empty());
        assert_eq!(fs::read_to_string(folder.path().join("accounts.damaged")).unwrap(), "{\"accounts\": [");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(path.with_extension("new"), "").unwrap();
        fs::set_permissions(path.with_extension("new"), fs::Permissions::from_mode(0o666)).unwrap();
        replace(&path, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
