//! Bringing along what one had elsewhere: chats of an export become groups of one's own.
//!
//! Whatever an export says is somebody's word, and can be anything. So nothing of it names what is here: chats are
//! new, messages are written by whoever imports them, and tell as forwarded ones do whom they are said to be from.
//!
//! Every message has a `client_id` that follows from where it was, so that an import that is repeated finds what it
//! wrote, adds nothing twice and finishes what it began. Nothing else is kept of it.

mod batch;
mod file;

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::files::Zip;
use crate::messenger::Caller;
use crate::messenger::foundation::idempotency::Turn;
use crate::messenger::foundation::{Error, Limit, Result, Subject};
use crate::model::{
    AttachmentId, ChatId, ChatKind, Imported, Kind, MessageId, Payload, Scopes, Time, UserId,
};
use crate::store::attachments;

/// How many are carried out at a time; each person one.
pub(crate) const AT_ONCE: usize = 2;
/// The most chats and messages of one import.
const MOST_CHATS: usize = 2_000;
const MOST_MESSAGES: u64 = 500_000;
/// How much may be unpacked beyond some times of what the zip has.
const UNPACKED: u64 = 2 * 1024 * 1024 * 1024;
const TIMES: u64 = 4;

/// A message of an export.
#[derive(Debug, Clone)]
pub struct OldMessage {
    pub id: i64,
    pub kind: Kind,
    pub text: Option<String>,
    pub payload: Option<Payload>,
    /// It in words.
    pub plain: Option<String>,
    /// Whether whoever made the export wrote it.
    pub is_own: bool,
    pub author_name: String,
    pub sent_at: Time,
    /// Those of its files that are in the zip.
    pub files: Vec<OldFile>,
    pub reply_to: Option<i64>,
    pub thread: Option<i64>,
}

/// A file of an export.
#[derive(Debug, Clone)]
pub struct OldFile {
    /// What it was called in messages.
    pub id: Uuid,
    pub filename: String,
    pub content_type: String,
    /// Where in the zip it is.
    pub entry: String,
}

/// A chat of an export.
#[derive(Debug, Clone)]
pub struct OldChat {
    pub id: i64,
    pub title: String,
    pub description: Option<String>,
    pub is_saved: bool,
}

/// An import under way.
pub struct Import {
    caller: Caller,
    zip: Zip,
    /// Who made the export, where it was made.
    exporter: i64,
    /// The files that were brought so far, by their old ids; nothing for those that are not taken here.
    files: HashMap<Uuid, Option<AttachmentId>>,
    has_room: bool,
    /// How many messages were looked at.
    seen: u64,
    done: Imported,
    _turn: Turn,
    _permit: OwnedSemaphorePermit,
}

/// Where what was said in one chat goes.
pub struct Target {
    old: OldChat,
    chat: Option<ChatId>,
    /// What has become of its messages.
    known: HashMap<i64, Known>,
}

/// A message that is here now.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: MessageId,
    /// The message that began its thread, or would.
    thread: MessageId,
    is_deleted: bool,
}

impl Caller {
    /// Begins to import an uploaded export.
    pub async fn import(self, id: AttachmentId) -> Result<Import> {
        self.access.demand(Scopes::ACCOUNT.and(Scopes::WRITE))?;
        let messenger = &self.messenger;
        let user = self.access.user;
        if let Some(attempt) = &self.attempt {
            messenger.carried_out(attempt).await?;
        }
        let found = attachments::by_id(&mut messenger.db.read().await?, id).await?;
        let own = found.filter(|file| file.owner == user && file.uploaded);
        let file = own.ok_or_else(|| Error::invalid("attachment_id", "is no uploaded file of yours"))?;
        let busy = |_| Error::Conflict("An import of yours is under way; wait until it is done");
        let turn = messenger.attempt(messenger.request(Some(user), "import", "", b"")).map_err(busy)?;
        let permit = messenger.imports.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        messenger.limit(Limit::Import(user))?;
        let size = u64::try_from(file.size).unwrap_or_default();
        let zip = messenger.files.unzip(&file, size.saturating_mul(TIMES).saturating_add(UNPACKED)).await?;
        Ok(Import {
            caller: self,
            zip,
            exporter: 0,
            files: HashMap::new(),
            has_room: true,
            seen: 0,
            done: Imported::default(),
            _turn: turn,
            _permit: permit,
        })
    }
}

impl Import {
    pub fn zip(&self) -> &Zip {
        &self.zip
    }

    pub fn now(&self) -> Time {
        self.caller.messenger.clock.now()
    }

    /// Says who made the export, and of how many chats.
    pub fn of(&mut self, exporter: i64, chats: usize) -> Result<()> {
        self.exporter = exporter;
        if chats > MOST_CHATS {
            return Err(Error::TooLarge(format!("An import holds at most {MOST_CHATS} chats")));
        }
        Ok(())
    }

    /// Goes on to a chat. It is made here once there is something to say in it.
    pub async fn chat(&self, old: OldChat) -> Result<Target> {
        let mut chat = None;
        if old.is_saved {
            let caller = self.caller.messenger.as_user(self.caller.access);
            let me = self.caller.access.user;
            chat = Some(caller.open_pair(ChatKind::Saved, me).await?.0.id());
        }
        Ok(Target { old, chat, known: HashMap::new() })
    }

    /// Counts a message that can't be taken.
    pub fn skip(&mut self) -> Result<()> {
        self.done.skipped += 1;
        self.see(1)
    }

    /// Ends it, and answers what was added.
    pub async fn finish(self) -> Result<Imported> {
        let mut work = self.caller.messenger.begin().await?;
        work.once(self.caller.attempt, Subject::Import(self.done));
        work.commit().await?;
        Ok(self.done)
    }

    /// Refuses more messages than one import may hold.
    fn see(&mut self, more: usize) -> Result<()> {
        self.seen += more as u64;
        if self.seen > MOST_MESSAGES {
            return Err(Error::TooLarge(format!("An import holds at most {MOST_MESSAGES} messages")));
        }
        Ok(())
    }

    /// By what name a message is known here.
    fn name_of(&self, chat: i64, message: i64) -> Uuid {
        let mut sum = Context::new(&SHA256);
        for part in [self.exporter, chat, message] {
            sum.update(&part.to_be_bytes());
        }
        let mut name = [0; 16];
        name.copy_from_slice(&sum.finish().as_ref()[..16]);
        uuid::Builder::from_custom_bytes(name).into_uuid()
    }

    fn user(&self) -> UserId {
        self.caller.access.user
    }
}
