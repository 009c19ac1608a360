//! Passwords: changing, hashing and verifying them (argon2id, on blocking threads with bounded concurrency).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde_json::Value;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::boxed;
use crate::messenger::accounts::session::{revoke_all, revoke_all_but};
use crate::messenger::foundation::{Actor, Error, Limit, Result, Subject};
use crate::messenger::{Caller, Operator};
use crate::model::{AuditAction, AuditTarget, SessionId, SessionKind, UserId};
use crate::store::{Tx, sessions, users};

/// The allowed length in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// How many hash computations may wait, and for how long.
const MAX_QUEUE: usize = 50;
const MAX_WAIT: Duration = Duration::from_secs(2);

impl Caller {
    /// Changes the caller's password. Ends their other sign-ins, and their personal access tokens but those that are
    /// kept by choice: whoever knew the old password may have made some.
    #[boxed]
    pub async fn change_password(self, old: &str, new: &str, kept_tokens: &[SessionId]) -> Result<()> {
        self.access.require_sign_in()?;
        let messenger = &self.messenger;
        let user = self.access.user;
        check_new("new_password", new)?;
        let confirmed = self.confirm_password("old_password", old).await?;
        let hash = messenger.passwords.hash(new).await?;
        let mut work = messenger.begin_for([user]).await?;
        confirmed.still_holds(&mut work.tx).await?;
        users::set_password(&mut work.tx, user, &hash).await?;
        let mut kept = vec![self.access.session];
        for session in sessions::all_of_user(&mut work.tx, user).await? {
            if session.kind == SessionKind::Token && kept_tokens.contains(&session.id) {
                kept.push(session.id);
            }
        }
        if kept_tokens.iter().any(|token| !kept.contains(token)) {
            return Err(Error::invalid("keep_tokens", "must be ids of your personal access tokens"));
        }
        revoke_all_but(&mut work, user, &kept).await?;
        let by = self.access.actor();
        work.audit(by, AuditAction::PasswordChange, AuditTarget::from(user), Value::Null).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Verifies the password of a signed-in user again; `field` is the request's field that contains it.
    pub(crate) async fn confirm_password(
        &self,
        field: &'static str,
        password: &str,
    ) -> Result<ConfirmedPassword> {
        let (messenger, user) = (&self.messenger, self.access.user);
        let attempt = messenger.limits.reserve(Limit::WrongConfirmation(user))?;
        let hash = users::password_hash(&mut messenger.db.read().await?, user).await?;
        if !messenger.passwords.verify(password, hash.clone()).await? {
            messenger.count_failure(attempt);
            return Err(wrong(field));
        }
        Ok(ConfirmedPassword { field, user, hash })
    }
}

/// A verified password. Verification takes so long that the password may be changed meanwhile.
pub(crate) struct ConfirmedPassword {
    field: &'static str,
    user: UserId,
    hash: Option<String>,
}

impl ConfirmedPassword {
    /// Must be called within the unit of work that depends on the password.
    pub(crate) async fn still_holds(&self, tx: &mut Tx) -> Result<()> {
        let hash = users::password_hash(tx, self.user).await?;
        if hash == self.hash { Ok(()) } else { Err(wrong(self.field)) }
    }
}

fn wrong(field: &'static str) -> Error {
    Error::invalid(field, "is wrong")
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
        work.audit(Actor::Operator, AuditAction::PasswordReset, AuditTarget::from(user), Value::Null).await?;
        work.commit().await
    }
}

/// Validates a new password.
pub(crate) fn check_new(field: &'static str, password: &str) -> Result<()> {
    match LENGTH.contains(&password.chars().count()) {
        true => Ok(()),
        false => Err(Error::invalid(field, "must have 8 to 128 characters")),
    }
}

/// Hashes and verifies passwords, at most as many at once as there are cores.
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Verified when there is no such account, so that the response takes as long. No password matches: the salt and hash
/// are made up.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$QmVzZWRrYU5vYm9keQ$Tm9ib2R5IGtub3dzIHRoaXMgcGFzc3dvcmQuLi4uLi4";

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores)), waiting: AtomicUsize::new(0) }
    }

    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = normal(password);
        self.run(move || hash(&password)).await?
    }

    /// Whether the password matches the hash; never without a hash.
    pub(crate) async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password = normal(password);
        // Accounts that sign in by codes have none.
        let hash = hash.filter(|hash| !hash.is_empty());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY_HASH.to_owned());
        let is_match = self.run(move || verify(&password, &hash)).await?;
        Ok(is_match && known)
    }

    async fn run<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_QUEUE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let permit = tokio::time::timeout(MAX_WAIT, self.permits.clone().acquire_owned()).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let Ok(Ok(permit)) = permit else {
            return Err(Error::Busy);
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = act();
            drop(permit);
            done
        });
        done.await.map_err(|error| Error::Internal(error.into()))
    }
}

/// Normalises equivalent Unicode spellings: macOS enters `й` as two characters (NFKC, NIST SP 800-63B 5.1.1.2).
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| Error::Internal(error.to_string().into()))?.to_string())
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let anybody = hash("a password").unwrap();
        let (anybody, nobody) =
            (PasswordHash::new(&anybody).unwrap(), PasswordHash::new(DUMMY_HASH).unwrap());
        assert_eq!(nobody.algorithm, anybody.algorithm);
        assert_eq!(nobody.params, anybody.params);
        assert_eq!(nobody.hash.unwrap().len(), anybody.hash.unwrap().len());
        assert!(!verify("a password", DUMMY_HASH));
    }
}
