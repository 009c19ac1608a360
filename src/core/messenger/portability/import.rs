//! Import of an export: its chats become groups of the user.
//!
//! An export is untrusted input, so its ids never refer to objects here: chats are created, messages are written by the
//! importing user and name their original author like forwarded ones.
//!
//! Every message has a `client_id` derived from its origin, so that a repeated import recognises what it wrote, adds
//! nothing twice and continues where it stopped. No other state is kept.

mod batch;
mod file;

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::boxed;
use crate::files::ZipReader;
use crate::messenger::Caller;
use crate::messenger::foundation::idempotency::AttemptGuard;
use crate::messenger::foundation::{Error, Limit, Result, SliceSize, Subject};
use crate::model::{
    AttachmentId, AuditAction, AuditTarget, ChatId, ChatKind, ImportSummary, Kind, MessageId, Payload,
    Scopes, Time, UserId,
};
use crate::store::attachments;

/// How many imports run at once; each user may run one.
pub(crate) const AT_ONCE: usize = 2;
/// The most chats and messages of one import.
const MAX_CHATS: usize = 2_000;
const MAX_MESSAGES: u64 = 500_000;
/// The most lines, blank ones included, and the most bytes in lines that are too long to be messages.
const MAX_LINES: u64 = 1_000_000;
const MAX_SKIPPED_BYTES: u64 = 64 * 1024 * 1024;
/// How long reading an import may occupy a processor: `MAX_TIME`, and a second for each MiB of the zip.
const MAX_TIME: Duration = Duration::from_secs(120);
/// The limit on decompressed bytes: `MAX_RATIO` times the size of the zip plus `MAX_EXTRA`.
const MAX_EXTRA: u64 = 2 * 1024 * 1024 * 1024;
const MAX_RATIO: u64 = 4;

/// A message of an export.
#[derive(Debug, Clone)]
pub struct SourceMessage {
    pub id: i64,
    pub kind: Kind,
    pub text: Option<String>,
    pub payload: Option<Payload>,
    /// Its content as plain text.
    pub plain: Option<String>,
    /// Whether the exporting user wrote it.
    pub is_own: bool,
    pub author_name: String,
    pub sent_at: Time,
    /// Those of its files that are in the zip.
    pub files: Vec<SourceFile>,
    pub reply_to: Option<i64>,
    pub thread: Option<i64>,
}

/// A file of an export.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its id in messages of the export.
    pub id: Uuid,
    pub filename: String,
    pub content_type: String,
    /// Its entry in the zip.
    pub entry: String,
}

/// A chat of an export.
#[derive(Debug, Clone)]
pub struct SourceChat {
    pub id: i64,
    pub title: String,
    pub description: Option<String>,
    pub is_saved: bool,
}

/// A running import.
pub struct Import {
    caller: Caller,
    zip: ZipReader,
    /// The exporting user's id on the original server.
    exporter: i64,
    /// The files uploaded so far by their ids in the export; `None` for those that were refused.
    files: HashMap<Uuid, Option<AttachmentId>>,
    has_quota: bool,
    /// How many messages were processed.
    seen: u64,
    lines: LineBudget,
    slice: SliceSize,
    /// When the next slice may be written.
    next_slice: Instant,
    done: ImportSummary,
    _guard: AttemptGuard,
    _permit: OwnedSemaphorePermit,
}

/// What is left of an import's lines. Reading costs time also where nothing comes of it.
#[derive(Debug)]
pub struct LineBudget {
    lines: u64,
    skipped_bytes: u64,
}

impl LineBudget {
    /// Counts lines; fails when there are too many.
    pub fn count(&mut self, lines: usize) -> Result<()> {
        let left = self.lines.checked_sub(lines as u64);
        self.lines =
            left.ok_or_else(|| Error::TooLarge("An import can contain at most 1,000,000 lines".to_owned()))?;
        Ok(())
    }

    /// Counts bytes of lines that are too long.
    pub fn skip(&mut self, bytes: usize) -> Result<()> {
        let left = self.skipped_bytes.checked_sub(bytes as u64);
        self.skipped_bytes =
            left.ok_or_else(|| Error::TooLarge("Too many lines of the import are too long".to_owned()))?;
        Ok(())
    }
}

/// The chat that messages of one exported chat are imported to.
pub struct TargetChat {
    source: SourceChat,
    chat: Option<ChatId>,
    /// The imported messages by their ids in the export.
    known: HashMap<i64, ImportedMessage>,
}

/// An imported message.
#[derive(Debug, Clone, Copy)]
struct ImportedMessage {
    id: MessageId,
    /// The root message of its thread; itself when it is not in one.
    thread: MessageId,
    is_deleted: bool,
}

impl Caller {
    /// Starts the import of an uploaded export.
    #[boxed]
    pub async fn import(self, id: AttachmentId) -> Result<Import> {
        self.access.require(Scopes::ACCOUNT.and(Scopes::WRITE))?;
        let messenger = &self.messenger;
        let user = self.access.user;
        if let Some(attempt) = &self.attempt {
            messenger.check_not_repeated(attempt).await?;
        }
        let found = attachments::by_id(&mut messenger.db.read().await?, id).await?;
        let own = found.filter(|file| file.owner == user && file.uploaded);
        let file = own.ok_or_else(|| Error::invalid("attachment_id", "is not a file that you uploaded"))?;
        let busy = |_| Error::Conflict("Another import is in progress; wait until it is complete");
        let guard = messenger.attempt(messenger.request(Some(user), "import", "", b"")).map_err(busy)?;
        let permit = messenger.imports.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        messenger.limit(Limit::Import(user))?;
        let mut work = messenger.begin().await?;
        let target = AuditTarget::from(user);
        work.audit(self.access.actor(), AuditAction::ImportCreate, target, json!({"bytes": file.size}))
            .await?;
        work.commit().await?;
        let size = u64::try_from(file.size).unwrap_or_default();
        let zip =
            messenger.files.open_zip(&file, size.saturating_mul(MAX_RATIO).saturating_add(MAX_EXTRA)).await?;
        Ok(Import {
            caller: self,
            zip,
            exporter: 0,
            files: HashMap::new(),
            has_quota: true,
            seen: 0,
            lines: LineBudget { lines: MAX_LINES, skipped_bytes: MAX_SKIPPED_BYTES },
            slice: SliceSize::new(Import::BATCH as u64),
            next_slice: Instant::now(),
            done: ImportSummary::default(),
            _guard: guard,
            _permit: permit,
        })
    }
}

/// The `client_id` of an exported message: a hash of its chat, then its number. So the messages of a chat are written
/// where the index has just been written, instead of each into another page of it.
fn client_id_of(exporter: i64, chat: i64, message: i64) -> Uuid {
    /// What remains of the last eight bytes beside the variant of the UUID.
    const NUMBERS: u64 = 1 << 62;
    let mut sum = Context::new(&SHA256);
    let is_number = u64::try_from(message).is_ok_and(|message| message < NUMBERS);
    sum.update(&exporter.to_be_bytes());
    sum.update(&chat.to_be_bytes());
    if !is_number {
        sum.update(&message.to_be_bytes());
    }
    let mut name = [0; 16];
    name.copy_from_slice(&sum.finish().as_ref()[..16]);
    if is_number {
        name[8..].copy_from_slice(&message.to_be_bytes());
    }
    uuid::Builder::from_custom_bytes(name).into_uuid()
}

/// Runs a future until its polls have taken longer than a limit together. Waiting does not count.
async fn within_time<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    let mut left = limit;
    poll_fn(move |context| {
        let started = Instant::now();
        let polled = work.as_mut().poll(context);
        left = left.saturating_sub(started.elapsed());
        match polled.is_pending() && left.is_zero() {
            true => Poll::Ready(Err(Error::TooLarge("The import takes too much processor time".to_owned()))),
            false => polled,
        }
    })
    .await
}

impl Import {
    /// Carries out an import unless it takes too much processor time: what is complete by then stays.
    pub async fn run<T, F: Future<Output = Result<T>>>(self, steps: impl FnOnce(Self) -> F) -> Result<T> {
        let limit = MAX_TIME + Duration::from_secs(self.zip.packed_size() / (1024 * 1024));
        within_time(limit, steps(self)).await
    }

    pub fn zip(&self) -> &ZipReader {
        &self.zip
    }

    pub fn lines(&mut self) -> &mut LineBudget {
        &mut self.lines
    }

    pub fn now(&self) -> Time {
        self.caller.messenger.clock.now()
    }

    /// Sets who made the export and checks its number of chats.
    pub fn of(&mut self, exporter: i64, chats: usize) -> Result<()> {
        self.exporter = exporter;
        if chats > MAX_CHATS {
            return Err(Error::TooLarge(format!("An import can contain at most {MAX_CHATS} chats")));
        }
        Ok(())
    }

    /// Starts a chat. Its group is created with the first imported message.
    #[boxed]
    pub async fn chat(&self, source: SourceChat) -> Result<TargetChat> {
        let mut chat = None;
        if source.is_saved {
            let caller = self.caller.messenger.as_user(self.caller.access);
            let me = self.caller.access.user;
            chat = Some(caller.open_pair(ChatKind::Saved, me).await?.0.id());
        }
        Ok(TargetChat { source, chat, known: HashMap::new() })
    }

    /// Counts a message that can't be imported.
    pub fn skip(&mut self) -> Result<()> {
        self.done.skipped += 1;
        self.count(1)
    }

    /// Completes the import and returns its result.
    #[boxed]
    pub async fn finish(self) -> Result<ImportSummary> {
        let mut work = self.caller.messenger.begin().await?;
        work.once(self.caller.attempt, Subject::Import(self.done));
        work.commit().await?;
        Ok(self.done)
    }

    /// Fails when the import has too many messages.
    fn count(&mut self, more: usize) -> Result<()> {
        self.seen += more as u64;
        if self.seen > MAX_MESSAGES {
            return Err(Error::TooLarge(format!("An import can contain at most {MAX_MESSAGES} messages")));
        }
        Ok(())
    }

    /// The `client_id` of an exported message.
    fn client_id_of(&self, chat: i64, message: i64) -> Uuid {
        client_id_of(self.exporter, chat, message)
    }

    fn user(&self) -> UserId {
        self.caller.access.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_chat_have_client_ids_in_their_order() {
        let ids: Vec<Uuid> = [0, 1, 255, 256, 1 << 52].map(|message| client_id_of(7, 5, message)).into();
        assert!(ids.is_sorted(), "{ids:?}");
        let prefix = |id: &Uuid| id.as_bytes()[..8].to_vec();
        assert!(ids.iter().all(|id| prefix(id) == prefix(&ids[0]) && id.get_version_num() == 8));
        let others = [(7, 6, 1), (8, 5, 1), (7, 5, -1), (7, 5, i64::MIN), (7, 5, i64::MAX), (7, 5, 1 << 62)];
        let mut all: Vec<Uuid> = others.map(|(exporter, chat, id)| client_id_of(exporter, chat, id)).into();
        all.extend(&ids);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), ids.len() + others.len());
        assert_eq!(client_id_of(7, 5, -1), client_id_of(7, 5, -1));
    }

    #[tokio::test]
    async fn processor_time_counts_and_waiting_does_not() {
        let limit = Duration::from_millis(50);
        let busy = async {
            for _ in 0..1_000 {
                let started = Instant::now();
                while started.elapsed() < Duration::from_millis(5) {}
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        assert!(matches!(within_time(limit, busy).await, Err(Error::TooLarge(_))));
        tokio::time::pause();
        let idle = async {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            Ok(())
        };
        assert!(within_time(limit, idle).await.is_ok());
    }
}
