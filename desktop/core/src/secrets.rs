//! The refresh token of each account: the cookie that the server sets, which the page never sees. It is in the
//! system's keyring, or where there is none in a file that only the user can read.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::accounts;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cookie {
    name: String,
    value: String,
    /// In seconds since 1970; None lasts as long as the account.
    ends: Option<u64>,
}

/// Where secrets are kept between runs.
pub trait Keyring: Send + Sync {
    fn read(&self, account: u32) -> Result<Option<String>, String>;
    fn write(&self, account: u32, secret: &str) -> Result<(), String>;
    fn remove(&self, account: u32) -> Result<(), String>;
}

pub struct Secrets {
    folder: PathBuf,
    keyring: Box<dyn Keyring>,
    /// Read once for each account.
    cookies: Mutex<HashMap<u32, Vec<Cookie>>>,
    /// The accounts for which the keyring could not be asked. Never locked for long, unlike `cookies`.
    unread: Mutex<HashSet<u32>>,
    is_in_file: AtomicBool,
}

impl Secrets {
    pub fn new(folder: PathBuf, keyring: Box<dyn Keyring>) -> Self {
        Self {
            folder,
            keyring,
            cookies: Mutex::default(),
            unread: Mutex::default(),
            is_in_file: AtomicBool::new(false),
        }
    }

    /// Whether something had to be kept in a file, for want of a keyring.
    pub fn is_in_file(&self) -> bool {
        self.is_in_file.load(Ordering::Relaxed)
    }

    /// Whether the keyring could not be asked for the account's token: there may be one all the same.
    pub fn is_unread(&self, account: u32) -> bool {
        self.unread().contains(&account)
    }

    fn unread(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The header `Cookie` for the account's server.
    pub fn header(&self, account: u32) -> Option<String> {
        let now = now();
        let mut all = self.lock();
        let cookies = all.entry(account).or_insert_with(|| self.load(account));
        let sent: Vec<_> = cookies
            .iter()
            .filter(|cookie| cookie.ends.is_none_or(|ends| ends > now))
            .map(|Cookie { name, value, .. }| format!("{name}={value}"))
            .collect();
        (!sent.is_empty()).then(|| sent.join("; "))
    }

    /// Keeps what a header `Set-Cookie` says, before the page hears of the answer: a token that was replaced
    /// would be lost with the power.
    pub fn take(&self, account: u32, header: &str) {
        let Some((cookie, is_over)) = parse(header, now()) else { return };
        let mut all = self.lock();
        let cookies = all.entry(account).or_insert_with(|| self.load(account));
        if is_over && self.is_unread(account) {
            // The server did not know that there is one.
            return;
        }
        self.unread().remove(&account);
        cookies.retain(|known| known.name != cookie.name);
        if !is_over {
            cookies.push(cookie);
        }
        let kept = cookies.clone();
        self.store(account, &kept);
    }

    pub fn forget(&self, account: u32) {
        self.lock().remove(&account);
        self.unread().remove(&account);
        self.store(account, &[]);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Vec<Cookie>>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, account: u32) -> PathBuf {
        self.folder.join(format!("account-{account}.json"))
    }

    fn load(&self, account: u32) -> Vec<Cookie> {
        let from_file = std::fs::read_to_string(self.file(account)).ok();
        let found = match (from_file, self.keyring.read(account)) {
            (None, Ok(found)) => found,
            (Some(text), Ok(_)) => {
                // There is a keyring now: the file goes once the keyring has it.
                match self.keyring.write(account, &text) {
                    Ok(()) => self.remove_file(account),
                    Err(error) => {
                        log::warn!("the keyring cannot be written, the file stays: {error}");
                        self.is_in_file.store(true, Ordering::Relaxed);
                    }
                }
                Some(text)
            }
            (text, Err(error)) => {
                log::warn!("the keyring cannot be read: {error}");
                if text.is_none() {
                    self.unread().insert(account);
                }
                text
            }
        };
        found.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn store(&self, account: u32, cookies: &[Cookie]) {
        if cookies.is_empty() {
            self.remove_file(account);
            if let Err(error) = self.keyring.remove(account) {
                log::warn!("the keyring cannot be changed: {error}");
            }
            return;
        }
        let text = match serde_json::to_string(cookies) {
            Ok(text) => text,
            Err(error) => return log::error!("a token could not be written: {error}"),
        };
        match self.keyring.write(account, &text) {
            Ok(()) => self.remove_file(account),
            Err(error) => {
                log::warn!("the keyring cannot be written, a file is used: {error}");
                self.is_in_file.store(true, Ordering::Relaxed);
                if let Err(error) = accounts::replace(&self.file(account), text.as_bytes()) {
                    log::error!("a token could not be kept: {error}");
                }
            }
        }
    }

    fn remove_file(&self, account: u32) {
        if let Err(error) = std::fs::remove_file(self.file(account))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            log::error!("a file with a token could not be removed: {error}");
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// A cookie, and whether it was taken back. Where it may go needs no reading: only to the account's server.
fn parse(header: &str, now: u64) -> Option<(Cookie, bool)> {
    let mut parts = header.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let seconds: Option<i64> = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.eq_ignore_ascii_case("max-age").then(|| value.parse().ok())?
    });
    let is_over = value.is_empty() || seconds.is_some_and(|seconds| seconds <= 0);
    let ends =
        seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(|seconds| now.saturating_add(seconds));
    Some((Cookie { name: name.to_owned(), value: value.to_owned(), ends }, is_over))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Default)]
    struct Memory {
        is_missing: AtomicBool,
        kept: Mutex<HashMap<u32, String>>,
    }

    impl Keyring for Arc<Memory> {
        fn read(&self, account: u32) -> Result<Option<String>, String> {
            if self.is_missing.load(Ordering::Relaxed) {
                return Err("there is no Secret Service".to_owned());
            }
            Ok(self.kept.lock().unwrap().get(&account).cloned())
        }

        fn write(&self, account: u32, secret: &str) -> Result<(), String> {
            if self.is_missing.load(Ordering::Relaxed) {
                return Err("there is no Secret Service".to_owned());
            }
            self.kept.lock().unwrap().insert(account, secret.to_owned());
            Ok(())
        }

        fn remove(&self, account: u32) -> Result<(), String> {
            self.kept.lock().unwrap().remove(&account);
            Ok(())
        }
    }

    const SET: &str = "__Host-besedka-refresh=one; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure";

    #[test]
    fn the_keyring_keeps_the_token_and_no_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory::default());
        let secrets = Secrets::new(folder.path().to_owned(), Box::new(memory.clone()));
        assert_eq!(secrets.header(1), None);
        secrets.take(1, SET);
        assert_eq!(secrets.header(1).unwrap(), "__Host-besedka-refresh=one");
        assert_eq!(secrets.header(2), None);
        assert!(!secrets.is_in_file());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

        let again = Secrets::new(folder.path().to_owned(), Box::new(memory));
        again.take(1, "__Host-besedka-refresh=two; Max-Age=604800");
        assert_eq!(again.header(1).unwrap(), "__Host-besedka-refresh=two");
        again.take(1, "__Host-besedka-refresh=; Max-Age=0");
        assert_eq!(again.header(1), None);
    }

    #[test]
    fn without_a_keyring_a_file_keeps_the_token_until_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory::default());
        memory.is_missing.store(true, Ordering::Relaxed);
        let secrets = Secrets::new(folder.path().to_owned(), Box::new(memory.clone()));
        secrets.take(3, SET);
        assert!(secrets.is_in_file());
        let file = folder.path().join("account-3.json");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }

        memory.is_missing.store(false, Ordering::Relaxed);
        let again = Secrets::new(folder.path().to_owned(), Box::new(memory.clone()));
        assert_eq!(again.header(3).unwrap(), "__Host-besedka-refresh=one");
        assert!(!file.exists());
        assert!(memory.kept.lock().unwrap()[&3].contains("one"));
        again.forget(3);
        assert!(memory.kept.lock().unwrap().is_empty());
    }

    #[test]
    fn a_token_that_the_keyring_did_not_give_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Arc::new(Memory::default());
        let secrets = || Secrets::new(folder.path().to_owned(), Box::new(memory.clone()));
        secrets().take(1, SET);

        memory.is_missing.store(true, Ordering::Relaxed);
        let without = secrets();
        assert_eq!(without.header(1), None);
        assert!(without.is_unread(1));
        memory.is_missing.store(false, Ordering::Relaxed);
        // The server takes back what it was not sent.
        without.take(1, "__Host-besedka-refresh=; Max-Age=0");
        let with = secrets();
        assert_eq!(with.header(1).unwrap(), "__Host-besedka-refresh=one");
        assert!(!with.is_unread(1));

        // A new sign-in counts, and so does its end.
        without.take(1, "__Host-besedka-refresh=two");
        assert!(!without.is_unread(1));
        assert_eq!(secrets().header(1).unwrap(), "__Host-besedka-refresh=two");
        without.take(1, "__Host-besedka-refresh=; Max-Age=0");
        assert_eq!(secrets().header(1), None);
    }

    #[test]
    fn an_account_without_a_token_is_known_to_have_none() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(folder.path().to_owned(), Box::new(Arc::new(Memory::default())));
        assert_eq!(secrets.header(1), None);
        assert!(!secrets.is_unread(1));
    }

    #[test]
    fn a_token_that_has_expired_is_not_sent() {
        let (cookie, is_over) = parse("a=b; max-age=10", 100).unwrap();
        assert_eq!((cookie.ends, is_over), (Some(110), false));
        assert!(parse("a=b; Max-Age=-1", 100).unwrap().1);
        assert_eq!(parse("nonsense", 100), None);
    }
}
