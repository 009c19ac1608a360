//! Requests that must not be carried out twice.
//!
//! A request with an `Idempotency-Key` is an [`Attempt`]. Its key is written with the change it
//! makes, in the same commit: a change and its key are there together or not at all, so a failed
//! request does not burn its key. Of the answer, only what it was about is kept, and read again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac::{self, Key};

use crate::messenger::Messenger;
use crate::messenger::foundation::{Error, Original, Result, Subject};
use crate::model::{Time, UserId};
use crate::store::idempotency::{self, Digest, Record};

/// A request that is carried out once.
#[derive(Debug, Clone)]
pub struct Attempt {
    fingerprint: Digest,
    body: Digest,
    status: u16,
}

impl Attempt {
    fn new(secret: &Key, owner: Option<UserId>, route: &str, key: &str, body: &[u8]) -> Self {
        let owner = owner.map_or(0, |user| user.0).to_be_bytes();
        // No part can run into the next: the owner has a fixed length, and no route has a zero byte.
        let fingerprint = digest(&[&owner, route.as_bytes(), &[0], key.as_bytes()]);
        // A body may hold a password: whoever reads the database must not try passwords against this.
        let mut sum = Digest::default();
        sum.copy_from_slice(&hmac::sign(secret, body).as_ref()[..16]);
        Self { fingerprint, body: sum, status: 200 }
    }

    /// Which status it will answer when it succeeds.
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

    /// How to refuse it when this was carried out before.
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
    let mut sum = Context::new(&SHA256);
    for part in parts {
        sum.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(&sum.finish().as_ref()[..16]);
    digest
}

/// The attempts that are being carried out on this node.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashSet<Digest>>);

/// An attempt that nobody else carries out at the same time. Dropped, it is over.
pub struct Turn {
    pub attempt: Attempt,
    running: Arc<Running>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = self.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.attempt.fingerprint);
    }
}

impl Messenger {
    /// A request to be carried out once. `owner` is nobody for a request without an account; `route` is
    /// the method and path.
    pub fn request(&self, owner: Option<UserId>, route: &str, key: &str, body: &[u8]) -> Attempt {
        Attempt::new(&self.bodies, owner, route, key, body)
    }

    /// Begins an attempt, unless the same one is running.
    pub fn attempt(&self, attempt: Attempt) -> Result<Turn> {
        let running = self.running.clone();
        let new = running.0.lock().unwrap_or_else(PoisonError::into_inner).insert(attempt.fingerprint);
        if new { Ok(Turn { attempt, running }) } else { Err(Error::Repeated(None)) }
    }

    /// Whether an attempt was carried out before, and then how to refuse it. To be asked when it
    /// failed for another reason, because a repeated key goes before what is wrong with the request.
    pub async fn carried_out(&self, attempt: &Attempt) -> Result<()> {
        let mut read = self.db.read().await?;
        let done = idempotency::find_many(&mut read, &[attempt.fingerprint]).await?;
        done.first().map_or(Ok(()), |done| Err(attempt.refusal(done)))
    }

    /// The same before another server is asked, which a repeated request must not do again.
    pub(crate) async fn is_first(&self, attempt: Option<&Attempt>) -> Result<()> {
        match attempt {
            Some(attempt) => self.carried_out(attempt).await,
            None => Ok(()),
        }
    }
}
