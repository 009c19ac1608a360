//! Keeping the search index up to date, off the posting path: in batches, in the background, at most a
//! second late.
//!
//! **The watermark is the newest message that has a number.** What is after it was not indexed yet, so
//! there is nothing that could be forgotten: a message's number and its tokens are written in one change,
//! and a crash leaves both or neither. Several nodes may commit messages in another order than that of
//! their identifiers; so each pass looks back a few seconds for those that came late, and further where this
//! node wrote one below the watermark, as after a clock was set back. At the start messages and numbers are
//! counted, and where they differ everything is looked through once. A text that was edited or taken away
//! is marked in the same change, and the mark goes in the change that indexes it anew.
//!
//! **Posts go first.** SQLite has one writer; after each batch the index leaves it to others for three times
//! as long as the batch took. That is some ten thousand messages a second; who posts more than that for
//! long is found later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::search::{Folded, Has, IndexedMessage, holds, tokens, words};
use crate::model::{Content, Kind, MessageId};
use crate::store::Error as StoreError;
use crate::store::search::{self, File, Said};

/// How many messages are indexed together.
const BATCH: u64 = 256;
/// How many texts are in memory at once: they may be long.
const TEXTS: usize = 16;
/// How long messages gather before they are indexed.
const GATHERING: Duration = Duration::from_millis(300);
/// How long after its identifier was made a message may be committed.
pub(crate) const LATE: Duration = Duration::from_secs(5);
/// How often to look without having been told: for what another node left undone.
const UNTOLD: Duration = Duration::from_secs(60);
/// The same where other nodes may have said something.
const UNTOLD_BY_OTHERS: Duration = Duration::from_secs(1);
/// For how many times of a batch's length the writer is left to others.
const REST: u32 = 3;

/// Wakes the index.
pub(crate) struct Indexing {
    said: Notify,
    /// The watermark.
    newest: AtomicI64,
    /// The first message that was said below the watermark since the last pass.
    late: AtomicI64,
}

impl Default for Indexing {
    fn default() -> Self {
        Self { said: Notify::new(), newest: AtomicI64::new(0), late: AtomicI64::new(i64::MAX) }
    }
}

impl Indexing {
    /// There is something to index: the change told of these messages, and of edited and deleted ones.
    pub(crate) fn wake(&self, said: impl IntoIterator<Item = MessageId>) {
        for id in said {
            if id.0 <= self.newest.load(Ordering::Relaxed) {
                self.late.fetch_min(id.0, Ordering::Relaxed);
            }
        }
        self.said.notify_one();
    }
}

impl Messenger {
    /// Keeps the search index up to date, until it is dropped.
    pub async fn keep_index(&self) {
        let (mut did, untold) = (false, if self.has_others() { UNTOLD_BY_OTHERS } else { UNTOLD });
        loop {
            let does = self.does_jobs();
            if does && !did {
                log(self.look_for_holes().await);
            }
            did = does;
            if does {
                log(self.index().await);
            }
            let _ = tokio::time::timeout(untold, self.indexing.said.notified()).await;
            tokio::time::sleep(GATHERING).await;
        }
    }

    /// Has everything looked through when more is missing than what was said last.
    async fn look_for_holes(&self) -> Result<()> {
        let mut read = self.db.read().await?;
        let newest = search::newest(&mut read).await?.unwrap_or(MessageId(0));
        if search::missing(&mut read, newest).await? > 0 {
            self.indexing.late.fetch_min(1, Ordering::Relaxed);
        }
        self.indexing.newest.fetch_max(newest.0, Ordering::Relaxed);
        Ok(())
    }

    /// Indexes everything that is not yet.
    async fn index(&self) -> Result<()> {
        let newest = search::newest(&mut self.db.read().await?).await?.unwrap_or(MessageId(0));
        let late = self.indexing.late.swap(i64::MAX, Ordering::Relaxed);
        let indexed = self.index_after(newest.earlier(LATE).min(MessageId(late - 1))).await;
        if indexed.is_err() {
            self.indexing.late.fetch_min(late, Ordering::Relaxed);
        }
        indexed
    }

    /// Indexes everything after a message, and what was changed.
    async fn index_after(&self, mut after: MessageId) -> Result<()> {
        loop {
            let ids = search::unplaced(&mut self.db.read().await?, after, BATCH).await?;
            // Before the texts are read: whoever finds what is new finds no edit from before it missing.
            self.index_marked().await?;
            let Some(last) = ids.last() else { return Ok(()) };
            let begun = Instant::now();
            if self.write_index(self.read_tokens(&ids).await?).await? {
                after = *last;
                self.indexing.newest.fetch_max(last.0, Ordering::Relaxed);
                if (ids.len() as u64) < BATCH {
                    return Ok(());
                }
            }
            tokio::time::sleep(begun.elapsed() * REST).await;
        }
    }

    /// What the index keeps of messages.
    async fn read_tokens(&self, ids: &[MessageId]) -> Result<Vec<(MessageId, String)>> {
        let mut read = self.db.read().await?;
        let mut tokens = Vec::with_capacity(ids.len());
        for some in ids.chunks(TEXTS) {
            let files = search::files(&mut read, some).await?;
            let said = search::said(&mut read, some).await?;
            tokens.extend(said.iter().map(|said| (said.id, tokens_of(said, &files))));
        }
        Ok(tokens)
    }

    /// Gives messages their numbers and writes their tokens. Says whether it did, or another node.
    async fn write_index(&self, new: Vec<(MessageId, String)>) -> Result<bool> {
        let mut work = self.begin().await?;
        let last = search::last_number(&mut work.tx).await?;
        let places: Vec<_> = (last + 1..).zip(new.iter().map(|(id, _)| *id)).collect();
        match search::place(&mut work.tx, &places).await {
            Err(StoreError::Taken) => return Ok(false),
            written => written?,
        }
        let rows = (last + 1..).zip(new.into_iter().map(|(_, tokens)| tokens));
        let rows: Vec<_> = rows.filter(|(_, tokens)| !tokens.is_empty()).collect();
        search::write(&mut work.tx, &rows).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Indexes messages anew whose text was changed, and forgets those that are gone altogether.
    async fn index_marked(&self) -> Result<()> {
        loop {
            let marked = search::marked(&mut self.db.read().await?, TEXTS as u64).await?;
            if marked.is_empty() {
                return Ok(());
            }
            self.write_marked(&marked).await?;
        }
    }

    async fn write_marked(&self, marked: &[MessageId]) -> Result<()> {
        let mut work = self.begin().await?;
        // The marks first: an edit that comes now waits, and then marks again.
        search::unmark(&mut work.tx, marked).await?;
        let now = search::said_now(&mut work.tx, marked).await?;
        let gone: Vec<MessageId> =
            marked.iter().copied().filter(|id| !now.iter().any(|said| said.id == *id)).collect();
        search::forget(&mut work.tx, &gone).await?;
        let files = search::files(&mut work.tx, marked).await?;
        let numbers = search::numbers(&mut work.tx, marked).await?;
        search::erase(&mut work.tx, numbers.values().copied()).await?;
        let number = |said: &Said| numbers.get(&said.id).copied();
        let rows = now.iter().filter_map(|said| Some((number(said)?, tokens_of(said, &files))));
        let mut rows: Vec<_> = rows.filter(|(_, tokens)| !tokens.is_empty()).collect();
        // SQLite's index takes numbers in order at less cost.
        rows.sort_unstable_by_key(|(number, _)| *number);
        search::write(&mut work.tx, &rows).await?;
        work.commit().await
    }
}

/// What failed is done the next time.
fn log(done: Result<()>) {
    if let Err(error) = done {
        tracing::error!(%error, "indexing messages");
    }
}

/// What a search may find in a message.
pub(crate) struct Findable {
    pub words: String,
    pub holds: Vec<Has>,
}

impl Findable {
    pub(crate) fn of(said: &Said, files: &HashMap<MessageId, Vec<File>>) -> Self {
        let payload = said.payload.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let content = Content::from_stored(said.kind, said.text.clone(), payload);
        let files = files.get(&said.id).map_or(&[][..], Vec::as_slice);
        Self {
            words: words(&content, files.iter().map(|file| file.filename.as_str())),
            holds: holds(&content, files.iter().map(|file| file.class)),
        }
    }
}

/// What the index keeps of a message; nothing of the server's own words, nor of what was deleted.
fn tokens_of(said: &Said, files: &HashMap<MessageId, Vec<File>>) -> String {
    let is_deleted = said.text.is_none() && said.payload.is_none();
    if is_deleted || said.kind == Kind::System {
        return String::new();
    }
    let Findable { words, holds } = Findable::of(said, files);
    tokens(&IndexedMessage { chat: said.chat, author: said.author, holds: &holds, text: &Folded::of(&words) })
}
