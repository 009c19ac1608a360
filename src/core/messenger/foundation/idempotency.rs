//! Idempotent requests: a request that is repeated with the same key is not executed twice.
//!
//! A request with an `Idempotency-Key` is an [`Attempt`]. Its key is stored in the same transaction as the change it
//! makes, so a failed request does not use up its key. Of the response only the status and the subject are stored; the
//! subject is read again when the request is repeated.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac::{self, Key};

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::{Error, Original, Result, Subject};
use crate::model::{Time, UserId};
use crate::store::idempotency::{Digest, Record};

/// A request with an idempotency key.
#[derive(Debug, Clone)]
pub struct Attempt {
    fingerprint: Digest,
    body: Digest,
    status: u16,
}

impl Attempt {
    fn new(secret: &Key, owner: Option<UserId>, route: &str, key: &str, body: &[u8]) -> Self {
        let owner = owner.map_or(0, |user| user.0).to_be_bytes();
        // The parts cannot be confused: the owner has a fixed length, and a route has no zero byte.
        let fingerprint = digest(&[&owner, route.as_bytes(), &[0], key.as_bytes()]);
        // Keyed, because a body may contain a password: who reads the database must not be able to guess it by this.
        let mut body_digest = Digest::default();
        body_digest.copy_from_slice(&hmac::sign(secret, body).as_ref()[..16]);
        Self { fingerprint, body: body_digest, status: 200 }
    }

    /// Sets the HTTP status of its response when it succeeds.
    #[must_use]
    pub fn answering(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    pub(crate) fn record(&self, subject: Subject, now: Time) -> Record {
        let (fingerprint, body) = (self.fingerprint, self.body);
        Record { fingerprint, body, status: self.status.into(), subject: subject.text(), at: now }
    }

    /// The error for a request whose key is stored already.
    pub(crate) fn refusal(&self, done: &Record) -> Error {
        if done.body != self.body {
            return Error::KeyReused;
        }
        let status = u16::try_from(done.status).unwrap_or(200);
        let subject = Subject::read(&done.subject).unwrap_or(Subject::Nothing);
        Error::Repeated(Some(Box::new(Original { status, subject })))
    }
}

pub(crate) fn digest(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(&context.finish().as_ref()[..16]);
    digest
}

/// The attempts in progress on this node.
#[derive(Default)]
pub(crate) struct InProgress(Mutex<HashSet<Digest>>);

/// An attempt in progress, until it is dropped.
pub struct AttemptGuard {
    pub attempt: Attempt,
    in_progress: Arc<InProgress>,
}

impl Drop for AttemptGuard {
    fn drop(&mut self) {
        let mut in_progress = self.in_progress.0.lock().unwrap_or_else(PoisonError::into_inner);
        in_progress.remove(&self.attempt.fingerprint);
    }
}

impl Messenger {
    /// An attempt with an idempotency key. `owner` is `None` for a request without an account; `route` is the method
    /// and path.
    pub fn request(&self, owner: Option<UserId>, route: &str, key: &str, body: &[u8]) -> Attempt {
        Attempt::new(&self.bodies, owner, route, key, body)
    }

    /// Begins an attempt, unless one with the same key is in progress.
    pub fn attempt(&self, attempt: Attempt) -> Result<AttemptGuard> {
        let in_progress = self.in_progress.clone();
        let is_new = in_progress.0.lock().unwrap_or_else(PoisonError::into_inner).insert(attempt.fingerprint);
        if is_new { Ok(AttemptGuard { attempt, in_progress }) } else { Err(Error::Repeated(None)) }
    }

    /// Fails if the request was executed before. To be called also when a request fails for another reason, because a
    /// repeated key takes precedence over other errors.
    #[boxed]
    pub async fn check_not_repeated(&self, attempt: &Attempt) -> Result<()> {
        if self.keys.may_be_used(&attempt.fingerprint) == Some(false) {
            return Ok(());
        }
        let mut read = self.db.read().await?;
        let done = self.keys.find_many(&mut read, &[attempt.fingerprint]).await?;
        done.first().map_or(Ok(()), |done| Err(attempt.refusal(done)))
    }

    /// The same before a request to another server, which a repeated request must not send again.
    pub(crate) async fn check_first(&self, attempt: Option<&Attempt>) -> Result<()> {
        match attempt {
            Some(attempt) => self.check_not_repeated(attempt).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_a_caller_and_a_route() {
        let secret = Key::new(hmac::HMAC_SHA256, b"secret");
        let attempt = |owner, route| Attempt::new(&secret, owner, route, "key", b"{}").fingerprint;
        let mine = attempt(Some(UserId(1)), "POST /a");
        assert_ne!(mine, attempt(Some(UserId(2)), "POST /a"));
        assert_ne!(mine, attempt(None, "POST /a"));
        assert_ne!(mine, attempt(Some(UserId(1)), "POST /b"));
    }
}
