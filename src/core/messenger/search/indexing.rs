//! Keeps the search index up to date in the background, in batches, usually within a second.
//!
//! **The watermark is the newest message that has a number in the index.** Later messages are not indexed yet. A
//! message's number and its tokens are written in one transaction, so a crash leaves both or neither. Several nodes may
//! commit messages in another order than that of their identifiers, so each pass looks back a few seconds, and further
//! if this node wrote a message below the watermark, as after its clock was set back. At the start messages and numbers
//! are counted, and if they differ all messages are scanned once. An edited or deleted message is marked in the
//! transaction that changes it, and unmarked in the one that indexes it again.
//!
//! **SQLite's index is in a file of its own** (`store::search_file`), which is built anew when it is missing, damaged or
//! of another database. The watermark is in the file, together with what it is about, so a crash between a write to the
//! file and one to the database loses nothing: new messages are found by the watermark, and a changed one stays marked in
//! the database until the file, with it indexed again, is on the disk.
//!
//! **Posts have priority.** They don't wait for the file's writer. A batch is as small as about five milliseconds demand,
//! and after it indexing pauses for three times as long as it took, so that it takes a share of the processors and the
//! disk. That allows about ten thousand messages per second; with more, messages are found later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::{Result, SliceSize};
use crate::model::search::{Folded, Has, IndexedMessage, holds, tokens, words};
use crate::model::{Content, Kind, MessageId};
use crate::store::search::{self, Connections, File, MessageText};
use crate::store::{Error as StoreError, Executor};

/// How many messages are indexed in one transaction at most.
const BATCH: u64 = 256;
/// How many texts are in memory at a time; they may be long.
const TEXTS: usize = 16;
/// How long new messages are collected before they are indexed.
const COLLECT: Duration = Duration::from_millis(300);
/// The longest time between making a message's identifier and committing the message.
pub(crate) const LATE: Duration = Duration::from_secs(5);
/// How often to index without having been woken, to find what another node left undone.
const IDLE_INTERVAL: Duration = Duration::from_secs(60);
/// The same when other nodes may have committed messages.
const IDLE_INTERVAL_CLUSTERED: Duration = Duration::from_secs(1);
/// How long to pause after a batch, as a multiple of its duration.
const PAUSE_FACTOR: u32 = 3;

/// Wakes the indexing and tells it where to start.
pub(crate) struct Indexing {
    woken: Notify,
    /// The watermark.
    newest: AtomicI64,
    /// The first message that was committed below the watermark since the last pass.
    late: AtomicI64,
}

impl Default for Indexing {
    fn default() -> Self {
        Self { woken: Notify::new(), newest: AtomicI64::new(0), late: AtomicI64::new(i64::MAX) }
    }
}

impl Indexing {
    /// Wakes the indexing: these messages were posted, or others were edited or deleted.
    pub(crate) fn wake(&self, posted: impl IntoIterator<Item = MessageId>) {
        for id in posted {
            if id.0 <= self.newest.load(Ordering::Relaxed) {
                self.late.fetch_min(id.0, Ordering::Relaxed);
            }
        }
        self.woken.notify_one();
    }
}

impl Messenger {
    /// Opens the search index, if it is a file that is not open. Returns whether it was opened now; `None` if it can't be
    /// opened: without it the server works, and refuses searches.
    #[boxed]
    pub async fn open_search_index(&self) -> Option<bool> {
        let opened = search::open(&self.db).await;
        if let Err(error) = &opened {
            tracing::error!(%error, "the search index can't be opened; searches are refused until it can");
        }
        opened.ok()
    }

    /// Keeps the search index up to date, until it is dropped.
    pub async fn run_indexing(&self) {
        tokio::join!(self.check_index(), self.keep_index());
    }

    async fn check_index(&self) {
        if let Err(error) = search::check(&self.db).await {
            tracing::warn!(%error, "the search index could not be checked");
        }
        if search::is_damaged(&self.db) {
            self.indexing.wake([]);
        }
    }

    async fn keep_index(&self) {
        let interval = if self.is_clustered() { IDLE_INTERVAL_CLUSTERED } else { IDLE_INTERVAL };
        // Whether messages below the watermark were looked for.
        let mut is_complete = false;
        loop {
            let is_new = self.open_search_index().await;
            is_complete &= self.is_job_leader() && is_new == Some(false);
            if self.is_job_leader() && is_new.is_some() {
                if !is_complete {
                    is_complete = log(self.find_missing().await);
                }
                log(self.index().await);
            }
            let _ = tokio::time::timeout(interval, self.indexing.woken.notified()).await;
            tokio::time::sleep(COLLECT).await;
        }
    }

    /// Has all messages scanned in the next pass if some below the watermark have no number.
    async fn find_missing(&self) -> Result<()> {
        let mut read = Connections::of(&self.db).await?;
        let newest = search::newest(read.index()).await?.unwrap_or(MessageId(0));
        // The watermark first: of what is committed below it meanwhile, either `wake` or the next query knows.
        self.indexing.newest.fetch_max(newest.0, Ordering::Relaxed);
        if search::missing(&mut read, newest).await? > 0 {
            self.indexing.late.fetch_min(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Indexes all messages that are not indexed yet.
    async fn index(&self) -> Result<()> {
        let newest = search::newest(&mut self.db.read_search_index().await?).await?.unwrap_or(MessageId(0));
        let late = self.indexing.late.swap(i64::MAX, Ordering::Relaxed);
        let indexed = self.index_after(newest.earlier(LATE).min(MessageId(late - 1))).await;
        if indexed.is_err() {
            self.indexing.late.fetch_min(late, Ordering::Relaxed);
        }
        indexed
    }

    /// Indexes the messages after one, and those that were changed.
    async fn index_after(&self, mut after: MessageId) -> Result<()> {
        let mut batch = SliceSize::new(BATCH);
        loop {
            let size = batch.get();
            let ids = search::unnumbered(&self.db, after, size).await?;
            // Before the texts are read, so that an earlier edit is never found later than a new message.
            self.index_changed().await?;
            let Some(last) = ids.last() else { return Ok(()) };
            let started = Instant::now();
            if let Some(written_in) = self.write_index(self.read_tokens(&ids).await?).await? {
                batch.adapt(written_in);
                after = *last;
                self.indexing.newest.fetch_max(last.0, Ordering::Relaxed);
                if (ids.len() as u64) < size {
                    return Ok(());
                }
            }
            tokio::time::sleep(started.elapsed() * PAUSE_FACTOR).await;
        }
    }

    /// The tokens of messages.
    async fn read_tokens(&self, ids: &[MessageId]) -> Result<Vec<(MessageId, String)>> {
        let mut read = self.db.read().await?;
        let mut tokens = Vec::with_capacity(ids.len());
        for batch in ids.chunks(TEXTS) {
            let files = search::files(&mut read, batch).await?;
            let texts = search::texts(&mut read, batch).await?;
            tokens.extend(texts.iter().map(|text| (text.id, tokens_of(text, &files))));
        }
        Ok(tokens)
    }

    /// Assigns numbers to messages and writes their tokens. Returns how long others could not write meanwhile; `None` if
    /// another node assigned numbers at the same time.
    async fn write_index(&self, new: Vec<(MessageId, String)>) -> Result<Option<Duration>> {
        let mut index = self.db.begin_search_index().await?;
        let began = Instant::now();
        let last = search::last_number(&mut index).await?;
        let numbered: Vec<_> = (last + 1..).zip(new.iter().map(|(id, _)| *id)).collect();
        match search::assign_numbers(&mut index, &numbered).await {
            Err(StoreError::Taken) => return Ok(None),
            written => written?,
        }
        let rows = (last + 1..).zip(new.into_iter().map(|(_, tokens)| tokens));
        let rows: Vec<_> = rows.filter(|(_, tokens)| !tokens.is_empty()).collect();
        search::insert_tokens(&mut index, &rows).await?;
        let written_in = began.elapsed();
        index.commit(|| ()).await?;
        Ok(Some(written_in))
    }

    /// Indexes changed messages again, and removes deleted ones from the index.
    async fn index_changed(&self) -> Result<()> {
        loop {
            let changed = search::changed(&mut self.db.read().await?, TEXTS as u64).await?;
            if changed.is_empty() {
                return Ok(());
            }
            match self.db.is_shared() {
                true => self.reindex(&changed).await?,
                false => self.reindex_beside(&changed).await?,
            }
        }
    }

    /// Where the index is in the database.
    async fn reindex(&self, changed: &[MessageId]) -> Result<()> {
        let mut work = self.begin_background().await?;
        // Unmarked first: an edit at the same time waits, and then marks the message again.
        search::unmark_changed(&mut work.tx, changed).await?;
        let texts = search::texts_locked(&mut work.tx, changed).await?;
        let files = search::files(&mut work.tx, changed).await?;
        write_changed(&mut work.tx, changed, &texts, &files).await?;
        work.commit().await
    }

    /// Where the index is in a file of its own.
    async fn reindex_beside(&self, changed: &[MessageId]) -> Result<()> {
        let (texts, files) = texts_and_files(&mut self.db.read().await?, changed).await?;
        let mut index = self.db.begin_search_index().await?;
        write_changed(&mut index, changed, &texts, &files).await?;
        index.commit(|| ()).await?;
        search::flush(&self.db).await?;
        let mut work = self.begin_background().await?;
        let (texts_now, files_now) = texts_and_files(&mut work.tx, changed).await?;
        let text_of = |texts: &[MessageText], id| texts.iter().find(|text| text.id == id).cloned();
        // One that was changed meanwhile stays marked.
        let indexed: Vec<MessageId> = changed
            .iter()
            .copied()
            .filter(|id| {
                text_of(&texts, *id) == text_of(&texts_now, *id) && files.get(id) == files_now.get(id)
            })
            .collect();
        search::unmark_changed(&mut work.tx, &indexed).await?;
        work.commit().await
    }
}

/// The texts of messages and the files in them.
async fn texts_and_files(
    executor: &mut Executor,
    ids: &[MessageId],
) -> Result<(Vec<MessageText>, HashMap<MessageId, Vec<File>>)> {
    Ok((search::texts(executor, ids).await?, search::files(executor, ids).await?))
}

/// Writes changed messages to the index anew; those that have no text any more are purged, and removed from it.
async fn write_changed(
    index: &mut Executor,
    changed: &[MessageId],
    texts: &[MessageText],
    files: &HashMap<MessageId, Vec<File>>,
) -> Result<()> {
    let deleted: Vec<MessageId> =
        changed.iter().copied().filter(|id| !texts.iter().any(|text| text.id == *id)).collect();
    search::delete_messages(index, &deleted).await?;
    let numbers = search::numbers(index, changed).await?;
    search::delete_tokens(index, numbers.values().copied()).await?;
    let number = |text: &MessageText| numbers.get(&text.id).copied();
    let rows = texts.iter().filter_map(|text| Some((number(text)?, tokens_of(text, files))));
    let mut rows: Vec<_> = rows.filter(|(_, tokens)| !tokens.is_empty()).collect();
    // Inserting in order is cheaper for SQLite's index.
    rows.sort_unstable_by_key(|(number, _)| *number);
    Ok(search::insert_tokens(index, &rows).await?)
}

/// Logs a failed pass; the next one does the same work. Returns whether it succeeded.
fn log(result: Result<()>) -> bool {
    if let Err(error) = &result {
        tracing::error!(%error, "could not index messages");
    }
    result.is_ok()
}

/// The searchable content of a message.
pub(crate) struct SearchableContent {
    pub words: String,
    pub content_types: Vec<Has>,
}

impl SearchableContent {
    pub(crate) fn of(text: &MessageText, files: &HashMap<MessageId, Vec<File>>) -> Self {
        let payload = text.payload.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let content = Content::from_stored(text.kind, text.text.clone(), payload);
        let files = files.get(&text.id).map_or(&[][..], Vec::as_slice);
        Self {
            words: words(&content, files.iter().map(|file| file.filename.as_str())),
            content_types: holds(&content, files.iter().map(|file| file.class)),
        }
    }
}

/// The tokens of a message; none of system and of deleted messages.
fn tokens_of(text: &MessageText, files: &HashMap<MessageId, Vec<File>>) -> String {
    let is_deleted = text.text.is_none() && text.payload.is_none();
    if is_deleted || text.kind == Kind::System {
        return String::new();
    }
    let SearchableContent { words, content_types } = SearchableContent::of(text, files);
    tokens(&IndexedMessage {
        chat: text.chat,
        author: text.author,
        holds: &content_types,
        text: &Folded::of(&words),
    })
}
