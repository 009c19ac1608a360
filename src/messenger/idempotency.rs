//! Requests that must not be carried out twice.
//!
//! A request with an `Idempotency-Key` is an [`Attempt`]. Its key is written with the change it
//! makes, in the same commit: a change and its key are there together or not at all, so a failed
//! request does not burn its key. Of the answer, only what it was about is kept, and read again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac::{self, Key};

use super::{Error, Imported, Messenger, Result};
use crate::model::{AttachmentId, ChatId, InviteId, MessageId, ScheduledId, Time, UserId};
use crate::store::idempotency::{self, Digest, Record};

/// A request that is carried out once.
#[derive(Debug, Clone)]
pub struct Attempt {
    fingerprint: Digest,
    body: Digest,
    status: u16,
}

/// What a request was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// There is nothing to show again: nothing was answered, or a secret.
    Nothing,
    User(UserId),
    Chat(ChatId),
    Message(MessageId),
    Attachment(AttachmentId),
    Member(ChatId, UserId),
    /// How far a chat was read.
    Read(ChatId),
    /// How somebody wants to have a chat.
    Preferences(ChatId),
    /// Several people who were added, by what was said about it.
    Added(ChatId, MessageId),
    Ban(ChatId, UserId),
    Invite(ChatId, InviteId),
    /// One's bookmark at a message.
    Bookmark(MessageId),
    /// One's draft in a chat, or in a thread of it.
    Draft(ChatId, Option<MessageId>),
    Scheduled(ScheduledId),
    /// What an import added.
    Import(Imported),
}

/// What a repeated request answered the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original {
    pub status: u16,
    pub subject: Subject,
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

    pub(super) fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    pub(super) fn record(&self, subject: Subject, now: Time) -> Record {
        let (fingerprint, body) = (self.fingerprint, self.body);
        Record { fingerprint, body, status: self.status.into(), subject: subject.text(), at: now }
    }

    /// How to refuse it when this was carried out before.
    pub(super) fn refusal(&self, done: &Record) -> Error {
        if done.body != self.body {
            return Error::KeyReused;
        }
        let status = u16::try_from(done.status).unwrap_or(200);
        let subject = Subject::read(&done.subject).unwrap_or(Subject::Nothing);
        Error::Repeated(Some(Box::new(Original { status, subject })))
    }
}

pub(super) fn digest(parts: &[&[u8]]) -> Digest {
    let mut sum = Context::new(&SHA256);
    for part in parts {
        sum.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(&sum.finish().as_ref()[..16]);
    digest
}

impl Subject {
    fn text(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::User(id) => format!("user:{id}"),
            Self::Chat(id) => format!("chat:{id}"),
            Self::Message(id) => format!("message:{id}"),
            Self::Attachment(id) => format!("attachment:{id}"),
            Self::Member(chat, user) => format!("member:{chat}:{user}"),
            Self::Read(id) => format!("read:{id}"),
            Self::Preferences(id) => format!("preferences:{id}"),
            Self::Added(chat, said) => format!("added:{chat}:{said}"),
            Self::Ban(chat, user) => format!("ban:{chat}:{user}"),
            Self::Invite(chat, invite) => format!("invite:{chat}:{invite}"),
            Self::Bookmark(id) => format!("bookmark:{id}"),
            Self::Draft(chat, thread) => format!("draft:{chat}:{}", thread.map_or(0, |id| id.0)),
            Self::Scheduled(id) => format!("scheduled:{id}"),
            Self::Import(Imported { chats, messages, files, skipped }) => {
                format!("import:{chats}:{messages}:{files}:{skipped}")
            }
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        Some(match kind {
            "user" => Self::User(UserId(id.parse().ok()?)),
            "chat" => Self::Chat(ChatId(id.parse().ok()?)),
            "read" => Self::Read(ChatId(id.parse().ok()?)),
            "bookmark" => Self::Bookmark(MessageId(id.parse().ok()?)),
            "scheduled" => Self::Scheduled(ScheduledId(id.parse().ok()?)),
            "draft" => {
                let (chat, thread) = id.split_once(':')?;
                let thread: i64 = thread.parse().ok()?;
                Self::Draft(ChatId(chat.parse().ok()?), (thread != 0).then_some(MessageId(thread)))
            }
            "message" => Self::Message(MessageId(id.parse().ok()?)),
            "attachment" => Self::Attachment(AttachmentId(id.parse().ok()?)),
            "preferences" => Self::Preferences(ChatId(id.parse().ok()?)),
            "import" => {
                let mut counts = id.split(':').map(|count| count.parse().ok());
                let mut next = || counts.next()?;
                let (chats, messages, files, skipped) = (next()?, next()?, next()?, next()?);
                Self::Import(Imported { chats, messages, files, skipped })
            }
            "member" | "added" | "ban" | "invite" => {
                let (chat, id) = id.split_once(':')?;
                let (chat, id) = (ChatId(chat.parse().ok()?), id.parse().ok()?);
                match kind {
                    "member" => Self::Member(chat, UserId(id)),
                    "added" => Self::Added(chat, MessageId(id)),
                    "ban" => Self::Ban(chat, UserId(id)),
                    _ => Self::Invite(chat, InviteId(id)),
                }
            }
            _ => return None,
        })
    }
}

/// The attempts that are being carried out on this node.
#[derive(Default)]
pub(super) struct Running(Mutex<HashSet<Digest>>);

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
    pub(super) async fn is_first(&self, attempt: Option<&Attempt>) -> Result<()> {
        match attempt {
            Some(attempt) => self.carried_out(attempt).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_as_they_were_written() {
        let attachment = AttachmentId::random();
        for subject in [
            Subject::User(UserId(1)),
            Subject::Chat(ChatId(2)),
            Subject::Message(MessageId(3)),
            Subject::Attachment(attachment),
            Subject::Member(ChatId(4), UserId(5)),
            Subject::Read(ChatId(6)),
            Subject::Preferences(ChatId(6)),
            Subject::Added(ChatId(6), MessageId(7)),
            Subject::Ban(ChatId(6), UserId(7)),
            Subject::Invite(ChatId(6), InviteId(7)),
            Subject::Bookmark(MessageId(7)),
            Subject::Draft(ChatId(8), None),
            Subject::Draft(ChatId(8), Some(MessageId(9))),
            Subject::Scheduled(ScheduledId(10)),
            Subject::Import(Imported { chats: 1, messages: 2, files: 3, skipped: 4 }),
        ] {
            assert_eq!(Subject::read(&subject.text()), Some(subject));
        }
        assert_eq!(Subject::read(""), None);
    }

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
