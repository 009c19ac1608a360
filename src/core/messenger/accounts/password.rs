//! Passwords: changing one, and their hashes (argon2id, off the async threads and bounded in parallel).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::messenger::accounts::session::{revoke_all, revoke_sign_ins};
use crate::messenger::foundation::{Error, Limit, Result, Subject};
use crate::messenger::{Caller, Operator};
use crate::model::UserId;
use crate::store::{Tx, users};

/// How long a password is, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// How many may wait for a turn, and for how long.
const LONGEST_QUEUE: usize = 50;
const LONGEST_WAIT: Duration = Duration::from_secs(2);

impl Caller {
    /// Changes one's password, and ends all other sign-ins.
    pub async fn change_password(self, old: &str, new: &str) -> Result<()> {
        let messenger = &self.messenger;
        let user = self.access.user;
        check_new("new_password", new)?;
        let confirmed = self.confirm("old_password", old).await?;
        let hash = messenger.passwords.hash(new).await?;
        let mut work = messenger.begin_of([user]).await?;
        confirmed.still_holds(&mut work.tx).await?;
        users::set_password(&mut work.tx, user, &hash).await?;
        revoke_sign_ins(&mut work, user, Some(self.access.session)).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Asks somebody who is signed in for their password once more; `field` is where it stands.
    pub(crate) async fn confirm(&self, field: &'static str, password: &str) -> Result<Confirmed> {
        let (messenger, user) = (&self.messenger, self.access.user);
        let failures = Limit::WrongConfirmation(user);
        messenger.limits.check(failures)?;
        let hash = users::password_hash(&mut messenger.db.read().await?, user).await?;
        if !messenger.passwords.is(password, hash.clone()).await? {
            messenger.limit(failures)?;
            return Err(wrong(field));
        }
        Ok(Confirmed { field, user, hash })
    }
}

/// That somebody knows a password, as far as is known: checking takes so long that it may be
/// changed meanwhile.
pub(crate) struct Confirmed {
    field: &'static str,
    user: UserId,
    hash: Option<String>,
}

impl Confirmed {
    /// To be asked within the change that needs the password.
    pub(crate) async fn still_holds(&self, tx: &mut Tx) -> Result<()> {
        let hash = users::password_hash(tx, self.user).await?;
        if hash == self.hash { Ok(()) } else { Err(wrong(self.field)) }
    }
}

fn wrong(field: &'static str) -> Error {
    Error::invalid(field, "is not your password")
}

impl Operator {
    /// Sets a user's password, by e-mail address or username. The old one may be known to others, so all sessions and
    /// personal access tokens end.
    pub async fn set_password(&self, name: &str, new: &str) -> Result<()> {
        check_new("password", new)?;
        let hash = self.passwords.hash(new).await?;
        let mut work = self.begin().await?;
        let found = users::credentials(&mut work.tx, name).await?;
        let (user, _) = found.ok_or(Error::NotFound("user"))?;
        users::lock(&mut work.tx, [user]).await?;
        users::set_password(&mut work.tx, user, &hash).await?;
        revoke_all(&mut work, user).await?;
        work.commit().await
    }
}

/// Whether it may be somebody's password from now on.
pub(crate) fn check_new(field: &'static str, password: &str) -> Result<()> {
    match LENGTH.contains(&password.chars().count()) {
        true => Ok(()),
        false => Err(Error::invalid(field, "must have 8 to 128 characters")),
    }
}

/// Hashes and checks passwords, as many at a time as there are cores.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Checked when there is no such account, so that the answer takes as long. Nobody knows its
/// password: its salt and its hash were never made from one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$QmVzZWRrYU5vYm9keQ$Tm9ib2R5IGtub3dzIHRoaXMgcGFzc3dvcmQuLi4uLi4";

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(cores)), waiting: AtomicUsize::new(0) }
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = normal(password);
        self.turn(move || hash(&password)).await?
    }

    /// Whether it is the password of a hash; without a hash it never is.
    pub(crate) async fn is(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password = normal(password);
        // Whoever signs in by codes has none.
        let hash = hash.filter(|hash| !hash.is_empty());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let is = self.turn(move || is(&password, &hash)).await?;
        Ok(is && known)
    }

    async fn turn<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= LONGEST_QUEUE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let turn = tokio::time::timeout(LONGEST_WAIT, self.turns.clone().acquire_owned()).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let Ok(Ok(turn)) = turn else {
            return Err(Error::Busy);
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = act();
            drop(turn);
            done
        });
        done.await.map_err(|error| Error::Internal(error.into()))
    }
}

/// One form for what looks alike: macOS types `й` in two characters (NFKC, NIST SP 800-63B 5.1.1.2).
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| Error::Internal(error.to_string().into()))?.to_string())
}

fn is(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let anybody = hash("a password").unwrap();
        let (anybody, nobody) = (PasswordHash::new(&anybody).unwrap(), PasswordHash::new(NOBODY).unwrap());
        assert_eq!(nobody.algorithm, anybody.algorithm);
        assert_eq!(nobody.params, anybody.params);
        assert_eq!(nobody.hash.unwrap().len(), anybody.hash.unwrap().len());
        assert!(!is("a password", NOBODY));
    }
}
